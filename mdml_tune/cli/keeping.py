"""Which baselines a storage keeps, and freeing those that nobody needs."""

import time
from collections.abc import Mapping, Sequence
from typing import cast

from rich.console import Console

from mdml_tune.cli.amounts import age_text, size_text
from mdml_tune.cli.asking import require_consent
from mdml_tune.cli.grid import print_grid
from mdml_tune.cli.tables import build_console
from mdml_tune.errors import UnavailableError
from mdml_tune.storage.inventory import (
    KeptBaseline,
    empty_trash,
    kept_baselines,
    references,
    set_aside,
)
from mdml_tune.storage.lock import held
from mdml_tune.storage.studies import Storage

_HEADER = ("key", "task", "network", "data", "epochs", "seed", "status", "size", "age", "studies")


def show_baselines(storage: Storage) -> None:
    """Print every baseline with the studies that refer to it."""
    found = kept_baselines(storage)
    console = build_console()
    if not found:
        said = f"No baseline in {storage.path}. Train some with: mdml-tune baselines SPACE"
        console.print(said, markup=False, highlight=False, soft_wrap=True)
        return
    _print(console, found)
    unneeded = [kept for kept in found if not kept.is_needed]
    said = f"{len(found)} baselines, {_total(found)}"
    if unneeded:
        said += f"; {_total(unneeded)} are needed by no study: mdml-tune baselines --prune"
    console.print(said, markup=False, highlight=False, soft_wrap=True)


def prune_baselines(storage: Storage, *, yes: bool) -> None:
    """Show the baselines that no study refers to and nobody trains, ask, and delete them.

    Raises:
        ConfigError: There is nobody to ask.
    """
    unneeded = [kept for kept in kept_baselines(storage) if not kept.is_needed]
    console = build_console()
    if not unneeded:
        console.print(f"Every baseline in {storage.path} is needed.", markup=False, soft_wrap=True)
        return
    _print(console, unneeded)
    require_consent(f"Delete {len(unneeded)} baselines ({_total(unneeded)})?", yes=yes)
    gone = [kept for kept in unneeded if _set_aside(storage, kept)]
    empty_trash(storage)
    console.print(f"Deleted {len(gone)} baselines ({_total(gone)}).", markup=False)


def _set_aside(storage: Storage, kept: KeptBaseline) -> bool:
    """Whether it went: a study may have come to need it while the user was asked."""
    key = kept.record.trial_key
    try:
        with held(kept.folder.path / "LOCK", f"Baseline {key}"):
            if key in references(storage):
                return False
            set_aside(storage, kept.folder.path)
    except UnavailableError:
        return False
    return True


def _print(console: Console, found: Sequence[KeptBaseline]) -> None:
    print_grid(console, _HEADER, [_row(kept) for kept in found])


def _row(kept: KeptBaseline) -> tuple[str, ...]:
    record = kept.record
    config = cast("Mapping[str, Mapping[str, object]]", record.config)
    return (
        record.trial_key,
        record.method or "",
        str(config["network"]["kind"]),
        str(config["data"]["dataset"]),
        f"{len(record.history)}/{config['training']['epochs']}",
        str(record.seed),
        kept.standing,
        size_text(kept.nbytes),
        age_text(time.time() - kept.modified),
        ", ".join(kept.studies) or "none",
    )


def _total(found: Sequence[KeptBaseline]) -> str:
    return size_text(sum(kept.nbytes for kept in found))
