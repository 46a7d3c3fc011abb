"""Clearing away what killed processes have left: drafts, and locks that nobody holds."""

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


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
