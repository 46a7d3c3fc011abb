"""The files of NYUv2 on disk: which there must be, which there are, and their digest."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from mdml_tune.errors import DataError, UnavailableError
from mdml_tune.tasks import Task

FOLDERS: Mapping[Task, str] = MappingProxyType(
    {Task.SEGMENTATION: "label", Task.DEPTH: "depth", Task.NORMALS: "normal"}
)
"""The tasks that NYUv2 offers, and the folder of each."""

_IMAGES = "image"
_LAYOUT = "{train,val}/{image,label,depth,normal}/{0..N-1}.npy"
_SAMPLE = 8
"""How many files of each folder the digest reads."""


@dataclass(frozen=True, slots=True)
class NyuV2Folder:
    """``train`` or ``val``, with all its files in place."""

    path: Path
    count: int

    def image(self, number: int) -> Path:
        return self.path / _IMAGES / f"{number}.npy"

    def label(self, task: Task, number: int) -> Path:
        return self.path / FOLDERS[task] / f"{number}.npy"


def open_folder(root: Path | None, name: str, tasks: Iterable[Task]) -> NyuV2Folder:
    """The folder ``name`` below ``root``, after a look at its file names.

    Raises:
        UnavailableError: The root or one of the folders is not there, or is empty.
        DataError: Files are missing or misnamed.
    """
    path = _root(root) / name
    count = _count(path / _IMAGES)
    for task in tasks:
        labelled = _count(path / FOLDERS[task])
        if labelled != count:
            raise DataError(
                f"{path / FOLDERS[task]} holds {labelled} files and {path / _IMAGES} holds {count}; "
                "each image needs one. Copy the missing ones, or leave that task out of data.tasks."
            )
    return NyuV2Folder(path, count)


def digest_files(root: Path | None) -> str:
    """SHA-256 over the name and size of every file, and over the content of some, in hexadecimal.

    Content is read from eight files per folder, evenly spread: the whole would be gigabytes. All
    folders that are there count, whatever the tasks, so that studies of other tasks on the same
    files share their baselines. Where the root lies does not count.

    Raises:
        UnavailableError: The root is not there.
        DataError: Files are missing or misnamed, or cannot be read.
    """
    start = _root(root)
    digest = hashlib.sha256()
    for name in ("train", "val"):
        for kind in (_IMAGES, *FOLDERS.values()):
            if (start / name / kind).is_dir():
                digest.update(f"{name}/{kind} {_digest_folder(start / name / kind)}\n".encode())
    return digest.hexdigest()


def _digest_folder(folder: Path) -> str:
    digest = hashlib.sha256()
    count = _count(folder)
    sampled = {count * k // _SAMPLE for k in range(_SAMPLE)}
    for number in range(count):
        path = folder / f"{number}.npy"
        try:
            digest.update(f"{number} {path.stat().st_size}\n".encode())
            if number in sampled:
                digest.update(path.read_bytes())
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error}.") from error
    return digest.hexdigest()


def _root(root: Path | None) -> Path:
    """The folder that holds ``train`` and ``val``: the root, or ``nyuv2`` in it."""
    expected = f"Expected below it: {_LAYOUT}. Name the folder with --data-root."
    if root is None:
        raise UnavailableError(f"NYUv2 needs a data root, and none was given. {expected}")
    if not root.is_dir():
        found = "is a file, not a folder" if root.exists() else "does not exist"
        raise UnavailableError(f"The data root {root} {found}. {expected}")
    for candidate in (root, root / "nyuv2"):
        if (candidate / "train").is_dir() and (candidate / "val").is_dir():
            return candidate
    there = ", ".join(sorted(entry.name for entry in root.iterdir())[:_SAMPLE]) or "nothing"
    raise UnavailableError(
        f"The data root {root} holds no train/ and val/, but {there}. {expected}"
    )


def _count(folder: Path) -> int:
    """How many files there are, named 0.npy, 1.npy, ... without a gap."""
    if not folder.is_dir():
        raise UnavailableError(
            f"There is no folder {folder}. Expected: {_LAYOUT}. Copy it there, leave its task out of "
            "data.tasks, or name another folder with --data-root."
        )
    names = {path.name for path in folder.glob("*.npy") if not path.name.startswith(".")}
    if not names:
        raise UnavailableError(f"{folder} holds no .npy file. Expected: {_LAYOUT}.")
    expected = {f"{number}.npy" for number in range(len(names))}
    if names != expected:
        missing, odd = min(expected - names, key=_by_number), min(names - expected, key=_by_number)
        raise DataError(
            f"{folder} holds {len(names)} .npy files, so they must be 0.npy to {len(names) - 1}.npy "
            f"without a gap; {missing} is missing and {odd} is one too many. Rename or copy them."
        )
    return len(names)


def _by_number(name: str) -> tuple[int, str]:
    """Sorts 9.npy before 10.npy."""
    return len(name), name
