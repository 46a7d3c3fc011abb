"""NYUv2 and Cityscapes as the field shares them: a folder per kind, a `.npy` file per image."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from mdml_tune.data.arrays import Stored, to_classes, to_depth, to_image, to_normals
from mdml_tune.data.files import read_array
from mdml_tune.data.layouts import IMAGES, Layout
from mdml_tune.data.reading import read_example
from mdml_tune.data.source import Labels, OfficialSplit, RawExample
from mdml_tune.errors import UnavailableError
from mdml_tune.tasks import Task

_NAMES = {OfficialSplit.TRAIN: "train", OfficialSplit.TEST: "val"}
"""The field's `val` is what it tests on."""


@dataclass(frozen=True, slots=True)
class NpySource:
    """See ``Source``."""

    root: Path
    layout: Layout
    folders: Mapping[Task, str]
    """Of the tasks that are there in `train` and in `val`."""
    counts: Mapping[OfficialSplit, int]
    problems: tuple[str, ...]
    """Files that are missing or misnamed."""

    @property
    def tasks(self) -> tuple[Task, ...]:
        return tuple(self.folders)

    @property
    def class_names(self) -> tuple[str, ...]:
        return self.layout.class_names if Task.SEGMENTATION in self.folders else ()

    @property
    def inverse_depth(self) -> bool:
        return self.layout.inverse_depth

    def count(self, split: OfficialSplit) -> int:
        return self.counts.get(split, 0)

    def read(self, split: OfficialSplit, index: int) -> RawExample:
        path = self._path(split, IMAGES, index)
        files = {task: self._path(split, folder, index) for task, folder in self.folders.items()}
        return read_example(
            (path, lambda: to_image(path, read_array(path))),
            {task: (label, partial(self._labels, task, label)) for task, label in files.items()},
        )

    def name(self, split: OfficialSplit, index: int) -> str:
        return str(self._path(split, IMAGES, index))

    def files(self) -> Iterator[Path]:
        for split, count in self.counts.items():
            for name in (IMAGES, *self.folders.values()):
                folder = self.root / _NAMES[split] / name
                yield from (folder / f"{index}.npy" for index in range(count))

    def _path(self, split: OfficialSplit, folder: str, index: int) -> Path:
        return self.root / _NAMES[split] / folder / f"{index}.npy"

    def _labels(self, task: Task, path: Path) -> Labels:
        stored = read_array(path)
        match task:
            case Task.SEGMENTATION:
                classes = len(self.layout.class_names)
                return to_classes(path, stored, classes, ignore=_ignored(stored))
            case Task.DEPTH:
                return to_depth(path, stored)
            case Task.NORMALS:
                return to_normals(path, stored)
            case Task.EDGES | Task.ALBEDO:
                raise AssertionError(f"no layout offers {task}")


def _ignored(stored: Stored) -> tuple[int, ...]:
    """The id of pixels without a label: -1, which is 255 where it has been stored as uint8."""
    return (255,) if stored.dtype == np.uint8 else (-1,)


def open_npy(root: Path, layout: Layout) -> NpySource:
    """The files below ``root``, which holds `train` and `val`, after a look at their names.

    Raises:
        UnavailableError: The folder of images is missing or empty.
    """
    counts: dict[OfficialSplit, int] = {}
    problems: list[str] = []
    folders = {
        task: found
        for task, names in layout.folders.items()
        if (found := _present(root, names)) is not None
    }
    for split, name in _NAMES.items():
        images = root / name / IMAGES
        counts[split] = _count(images, layout, problems)
        if not counts[split]:
            raise UnavailableError(
                f"{images} {'holds no .npy file' if images.is_dir() else 'is no folder'}. "
                f"Expected below {root}: {layout}."
            )
        for folder in folders.values():
            labelled = _count(root / name / folder, layout, problems)
            if labelled != counts[split]:
                problems.append(
                    f"{root / name / folder} holds {labelled} files and {images} holds "
                    f"{counts[split]}; each image needs one. Copy the missing ones, or move the "
                    f"folders called {folder} away and leave their task out of data.tasks."
                )
    return NpySource(root, layout, folders, counts, tuple(problems))


def _present(root: Path, names: tuple[str, ...]) -> str | None:
    """The first of ``names`` that is a folder in every split."""
    for name in names:
        if all((root / split / name).is_dir() for split in _NAMES.values()):
            return name
    return None


def _count(folder: Path, layout: Layout, problems: list[str]) -> int:
    """How many files there are; they must be 0.npy, 1.npy, ... without a gap."""
    names = {path.name for path in folder.glob("*.npy") if not path.name.startswith(".")}
    expected = {f"{number}.npy" for number in range(len(names))}
    if names != expected:
        missing, odd = min(expected - names, key=_by_number), min(names - expected, key=_by_number)
        problems.append(
            f"{folder} holds {len(names)} .npy files, so they must be 0.npy to {len(names) - 1}.npy "
            f"without a gap ({layout}); {missing} is missing and {odd} is one too many. Rename or "
            f"copy them."
        )
    return len(names)


def _by_number(name: str) -> tuple[int, str]:
    """Sorts 9.npy before 10.npy."""
    return len(name), name
