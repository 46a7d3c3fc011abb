"""Holding a study's folder, and what is written there before anything runs."""

import shutil
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml

from mdml_tune.config.identity import code_version
from mdml_tune.data.load import data_digest
from mdml_tune.errors import ConfigError
from mdml_tune.spaces.check import check_study
from mdml_tune.spaces.differences import Difference, differences
from mdml_tune.spaces.study import Study
from mdml_tune.storage.atomic import read_json, write_bytes
from mdml_tune.storage.faults import storage_error, unusable
from mdml_tune.storage.lock import Lease, held
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.storage.sweeping import clear_drafts, sweep
from mdml_tune.tuning.provenance import about
from mdml_tune.tuning.stopped import StopRequest


@dataclass(frozen=True, slots=True)
class Opened:
    """A study whose folder is held."""

    data_digest: str
    changed: tuple[Difference, ...]
    """What it is resumed with that it was not begun with."""
    lease: Lease


@contextmanager
def opened(
    study: Study, folder: StudyFolder, data_root: Path | None, *, fresh: bool
) -> Generator[Opened]:
    """Hold the study's folder, and note there what is going to be run.

    Raises:
        UnavailableError: The storage cannot be written to, or somebody else holds the study.
        ConfigError: The folder holds another study of this name.
    """
    problem = unusable(folder.path)
    if problem is not None:
        raise storage_error(folder.storage.path, problem)
    with held(folder.path / "LOCK", f"Study '{folder.name}'") as lease:
        if fresh and folder.exists():
            _archive(folder)
        clear_drafts((folder.path, folder.results, folder.results / "figures"))
        folder.note_end(over=False)
        StopRequest(folder).clear()  # it was meant for whoever ran the study before
        digest = data_digest(study.data, data_root)
        changed = check_same(study, folder, digest)
        write_bytes(
            folder.path / "study.yaml",
            yaml.safe_dump(study.values, sort_keys=False, allow_unicode=True).encode(),
        )
        folder.open(study.values, study.tasks, _about(study, folder, digest))
        yield Opened(digest, changed, lease)
        # Reached where nothing was interrupted: nobody is at work any more.
        sweep((folder.path / "trials").glob("*"))
        sweep(map(folder.storage.baselines.joinpath, folder.references()))


def _about(study: Study, folder: StudyFolder, digest: str) -> dict[str, object]:
    """Provenance, with the time of the first start."""
    now = about(digest, study.space_digest)
    before = (read_json(folder.path / "study.json") or {}).get("about")
    return now | {"started": before["started"]} if isinstance(before, dict) else now


def check_same(study: Study, folder: StudyFolder, digest: str) -> tuple[Difference, ...]:
    """A study is resumed as it was begun; only what changes no trial may differ.

    Returns:
        What differs and may; nothing of a study that has not begun.

    Raises:
        ConfigError: The folder holds another study of this name.
    """
    before = read_json(folder.path / "study.json")
    if before is None:
        return ()
    changed = differences(_understood(cast("dict[str, object]", before["study"])), study.values)
    about_then = cast("dict[str, object]", before["about"])
    for name, then, now in (
        ("data", about_then["data_digest"], digest),
        ("code", about_then["code_version"], code_version()),
    ):
        if then != now:
            changed.append(Difference(name, then, now, safe=False))
    unsafe = [difference for difference in changed if not difference.safe]
    if unsafe:
        raise ConfigError(
            "\n".join(
                [
                    f"Study '{folder.name}' in {folder.storage.path} was begun otherwise:",
                    *(f"  {difference}" for difference in unsafe),
                    "More trials, more budget, more confirmations and other resources are safe; "
                    "nothing else is. Its results can be read as they are (rank, table, report). "
                    "Run this one under another name (--name NAME), or archive the old one and begin "
                    "anew (--fresh).",
                ]
            )
        )
    return tuple(changed)


def _understood(values: Mapping[str, object]) -> Mapping[str, object]:
    """A study as it was written down, with the defaults of settings that are newer than it."""
    study = check_study(values)
    return study.values if isinstance(study, Study) else values


def _archive(folder: StudyFolder) -> None:
    """Set aside all but the lock that we hold; nothing is deleted."""
    aside = folder.storage.path / "archive" / f"{folder.name}-{time.strftime('%Y%m%d-%H%M%S')}"
    aside.mkdir(parents=True)
    for path in folder.path.iterdir():
        if path.name != "LOCK":
            shutil.move(str(path), aside / path.name)
