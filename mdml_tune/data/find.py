"""Which files a data root holds: the field's layout, the official one, or one's own."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from mdml_tune.config.data import CityscapesData, FolderData, NyuV2Data
from mdml_tune.data.description import FILE
from mdml_tune.data.folder_source import open_folder
from mdml_tune.data.layouts import CITYSCAPES, NYUV2, Layout
from mdml_tune.data.npy_source import open_npy
from mdml_tune.data.official import official_source
from mdml_tune.data.pack_header import FORMAT
from mdml_tune.data.source import Source
from mdml_tune.errors import UnavailableError
from mdml_tune.tasks import Task

_SHOWN = 8
"""How many of the entries of a root a message names."""

FileData = NyuV2Data | CityscapesData | FolderData
"""The data sets that lie on a disk."""


@dataclass(frozen=True, slots=True)
class Found:
    """A source, and where it lies."""

    home: Path
    """The data root, or the folder in it that bears the data set's name."""

    source: Source

    problems: tuple[str, ...] = ()
    """What a look at the names of its files shows to be wrong."""

    def fingerprint(self) -> str:
        """SHA-256 over names, sizes and times of the files, in hexadecimal.

        Raises:
            UnavailableError: A file is missing.
        """
        digest = hashlib.sha256(f"format {FORMAT}, {self.source.class_names}\n".encode())
        for path in self.source.files():
            try:
                status = path.stat()
            except OSError as error:
                raise UnavailableError(f"{path} cannot be read: {error.strerror}.") from error
            name = os.path.relpath(path, self.home)
            digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
        return digest.hexdigest()


def candidates(config: FileData, root: Path | None) -> tuple[Path, ...]:
    """Where the data set may lie: in the root itself, or in a folder there that bears its name.

    Raises:
        UnavailableError: There is no root.
    """
    if root is None:
        raise UnavailableError(
            f"{config.dataset} needs a data root, and none was given. {expected(config)}"
        )
    if not root.is_dir():
        found = "is a file, not a folder" if root.exists() else "does not exist"
        raise UnavailableError(f"The data root {root} {found}. {expected(config)}")
    named = root / config.dataset
    return (root, named) if named.is_dir() else (root,)


def find_source(config: FileData, root: Path | None) -> Found | None:
    """The files below ``root``; none where there are none of this data set.

    Raises:
        ConfigError: The data set's description cannot be used.
        UnavailableError: There is no root, or a part of its layout is missing.
        DataError: The files contradict the layout.
    """
    for home in candidates(config, root):
        found = _npy(config, home) or _own(config, home)
        if found is not None:
            return found
        official = official_source(config.dataset, home, class_count(config))
        if official is not None:
            return Found(home, official)
    return None


def nothing_there(config: FileData, root: Path) -> UnavailableError:
    """The error for a root without files of the data set."""
    there = ", ".join(sorted(entry.name for entry in root.iterdir())[:_SHOWN]) or "nothing"
    wanted = FILE if isinstance(config, FolderData) else "train/ and val/"
    return UnavailableError(
        f"The data root {root} holds no {wanted}, but {there}. {expected(config)}"
    )


def expected(config: FileData) -> str:
    """What a root must hold, and how it is named."""
    layout = _layout(config)
    wanted = FILE if layout is None else f"{layout}, or the data set's official files"
    return f"Expected below it: {wanted}, or packed files. Name the folder with --data-root."


def labels_of(config: FileData, task: Task) -> str:
    """Where the labels of ``task`` belong, below the root."""
    layout = _layout(config)
    if layout is None:
        return f"tasks.{task} in {FILE}"
    return " and ".join(f"{split}/{layout.folders[task][0]}" for split in ("train", "val"))


def _npy(config: FileData, home: Path) -> Found | None:
    layout = _layout(config)
    if layout is None or not ((home / "train").is_dir() and (home / "val").is_dir()):
        return None
    source = open_npy(home, layout)
    return Found(home, source, source.problems)


def _own(config: FileData, home: Path) -> Found | None:
    if not isinstance(config, FolderData) or not (home / FILE).exists():
        return None
    return Found(home, open_folder(home))


def _layout(config: FileData) -> Layout | None:
    match config:
        case NyuV2Data():
            return NYUV2
        case CityscapesData():
            return CITYSCAPES[config.classes]
        case FolderData():
            return None


def class_count(config: FileData) -> int:
    """Of segmentation, where the data set fixes it; else 0."""
    layout = _layout(config)
    return 0 if layout is None else len(layout.class_names)
