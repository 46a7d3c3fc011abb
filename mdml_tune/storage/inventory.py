"""What lies in a storage: every trial by its key, the baselines and who needs them, dead locks."""

import difflib
import shutil
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from mdml_tune.errors import ReportError
from mdml_tune.records import Status, TrialRecord
from mdml_tune.storage.atomic import read_json
from mdml_tune.storage.lock import Holder, holder_of
from mdml_tune.storage.studies import Storage
from mdml_tune.storage.trials import TrialFolder

TRASH = ".deleted"
"""Below the storage: what is being deleted, out of the way of everybody who lists folders."""

_LOCKS = ("studies/*/LOCK", "studies/*/trials/*/LOCK", "baselines/*/LOCK", "reproduced/*/LOCK")


@dataclass(frozen=True, slots=True)
class FoundTrial:
    folder: TrialFolder
    study: str | None
    """Its study, or the newest one that refers to it, a baseline; none where no study does."""
    also_in: tuple[str, ...] = ()
    """Other studies that hold a trial of that key, or refer to the baseline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBaseline:
    folder: TrialFolder
    record: TrialRecord
    nbytes: int
    modified: float
    """Unix time, in seconds, at which it last got on."""
    holder: Holder | None
    """Who is training it."""
    studies: tuple[str, ...]
    """Those that are measured against it; of archived ones the folder below the storage."""

    @property
    def standing(self) -> str:
        """How far it is, in words."""
        if self.holder is not None:
            return f"being trained by {self.holder}"
        return "interrupted" if self.record.status is Status.RUNNING else str(self.record.status)

    @property
    def is_needed(self) -> bool:
        return bool(self.studies) or self.holder is not None


def find_trial(storage: Storage, key: str) -> FoundTrial:
    """The trial of that key, or the only one whose key begins so.

    Raises:
        ReportError: There is none, or more than one; names the nearest.
    """
    folders = list(_trial_folders(storage))
    names = sorted({folder.path.name for folder in folders})
    meant = [name for name in names if name.startswith(key)] if key else []
    if len(meant) > 1 and key not in meant:
        raise ReportError(
            f"{len(meant)} trials in {storage.path} have a key that begins with {key}: "
            f"{', '.join(meant[:5])}{', ...' if len(meant) > 5 else ''}. Give more of it."  # noqa: PLR2004
        )
    if not meant:
        near = difflib.get_close_matches(key, names, n=1)
        raise ReportError(
            f"There is no trial {key or 'without a key'} in {storage.path}, which holds "
            f"{len(names)} trials{f'; did you mean {near[0]}?' if near else '.'} Keys stand in "
            f"MLflow (tag mdml.trial_key) and are the names of the folders under "
            f"studies/STUDY/trials; another storage is named with --storage."
        )
    return _chosen(storage, [folder for folder in folders if folder.path.name == meant[0]])


def kept_baselines(storage: Storage) -> list[KeptBaseline]:
    """Every baseline in the storage, by task or method, then by seed."""
    users = references(storage)
    found: list[KeptBaseline] = []
    for path in sorted((storage.path / "baselines").glob("*/trial.json")):
        folder = TrialFolder(path.parent)
        record = folder.record()
        if record is None:
            continue
        found.append(
            KeptBaseline(
                folder=folder,
                record=record,
                nbytes=size_of(folder.path),
                modified=_modified(folder),
                holder=holder_of(folder.path / "LOCK"),
                studies=users.get(record.trial_key, ()),
            )
        )
    return sorted(found, key=lambda kept: (kept.record.method or "", kept.record.seed))


def references(storage: Storage) -> dict[str, tuple[str, ...]]:
    """Baseline's key -> studies that are measured against it, the newest last."""
    users: dict[str, tuple[str, ...]] = {}
    for name in storage.studies():
        for key in references_of(storage.study(name).path):
            users[key] = (*users.get(key, ()), name)
    for path in sorted((storage.path / "archive").glob("*/references.json")):
        for key in references_of(path.parent):
            users[key] = (*users.get(key, ()), f"archive/{path.parent.name}")
    return users


def references_of(study: Path) -> list[str]:
    """Keys of the baselines that the study in a folder is measured against."""
    values = read_json(study / "references.json") or {"baselines": []}
    return cast("list[str]", values["baselines"])


def dead_locks(storage: Storage) -> list[Path]:
    """Locks that were left behind: whoever held them is no more."""
    found = [path for pattern in _LOCKS for path in sorted(storage.path.glob(pattern))]
    # Looked for again at the end: one that was released meanwhile is not dead.
    return [path for path in found if holder_of(path) is None and path.exists()]


def size_of(path: Path) -> int:
    """Bytes of all files below ``path``; what vanishes meanwhile does not count."""
    total = 0
    for file in path.rglob("*"):
        with suppress(FileNotFoundError):
            total += 0 if file.is_dir() else file.lstat().st_size
    return total


def set_aside(storage: Storage, path: Path) -> None:
    """Take a folder away from its name in one step; ``empty_trash`` then frees its bytes."""
    aside = storage.path / TRASH / f"{path.name}-{uuid.uuid4().hex[:8]}"
    aside.parent.mkdir(exist_ok=True)
    path.rename(aside)


def set_aside_before(storage: Storage) -> list[Path]:
    """What was set aside and not swept, because somebody was interrupted."""
    return sorted((storage.path / TRASH).glob("*"))


def empty_trash(storage: Storage) -> None:
    """Delete everything that has been set aside, now or before an interruption."""
    for path in set_aside_before(storage):
        with suppress(FileNotFoundError):  # somebody else sweeps too
            shutil.rmtree(path)
    with suppress(OSError):  # not there, or in use again
        (storage.path / TRASH).rmdir()


def _trial_folders(storage: Storage) -> Iterator[TrialFolder]:
    for pattern in ("studies/*/trials/*/trial.json", "baselines/*/trial.json"):
        for path in sorted(storage.path.glob(pattern)):
            yield TrialFolder(path.parent)


def _chosen(storage: Storage, folders: list[TrialFolder]) -> FoundTrial:
    """Of equal trials in several studies the one that came farthest."""
    best = max(folders, key=_progress)
    if best.path.parent.name == "baselines":
        users = references(storage).get(best.path.name, ())
        names = [name for name in users if (storage.path / "studies" / name).exists()]
        return FoundTrial(best, names[-1] if names else None, tuple(names[:-1]))
    others = [_study_of(folder) for folder in folders if folder.path != best.path]
    return FoundTrial(best, _study_of(best), tuple(others))


def _progress(folder: TrialFolder) -> tuple[bool, int]:
    record = folder.record()
    return (False, 0) if record is None else (record.status.is_final, len(record.history))


def _study_of(folder: TrialFolder) -> str:
    return folder.path.parent.parent.name


def _modified(folder: TrialFolder) -> float:
    files = (folder.path / "trial.json", folder.history, folder.path / "result.json")
    return max(file.stat().st_mtime for file in files if file.exists())
