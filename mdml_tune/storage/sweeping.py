"""Clearing away what killed processes have left: drafts, and locks that nobody holds."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from mdml_tune.storage.lock import LOCK, holder_of

DRAFTS = (".*.tmp", "tmp-*", f".{LOCK}.*", ".probe")
"""Files before they get their names; see ``atomic``, ``lock`` and the checkpoints."""


def sweep(folders: Iterable[Path]) -> None:
    """Clear each folder that nobody works in; what bears its final name stays."""
    for folder in folders:
        if not folder.is_dir() or holder_of(folder / LOCK) is not None:
            continue
        (folder / LOCK).unlink(missing_ok=True)
        for pattern in DRAFTS:
            for path in [*folder.glob(pattern), *folder.glob(f"checkpoints/{pattern}")]:
                _remove(path)


def clear_drafts(folders: Iterable[Path]) -> None:
    """Clear these folders, which the caller holds, of what killed processes had half written.

    A draft bears the number of its writer: those of living processes of this host stay.
    """
    for folder in folders:
        for path in folder.glob(".*.tmp"):
            if not _is_being_written(path):
                _remove(path)


def _is_being_written(draft: Path) -> bool:
    writer = draft.name.split(".")[-3]
    if not writer.isdecimal():
        return False
    try:
        os.kill(int(writer), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # another user's
    return True


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
