"""Cityscapes as its makers publish it (Cordts et al. 2016).

`{leftImg8bit,gtFine,disparity}/{train,val}/CITY/CITY_SEQ_FRAME_{leftImg8bit,gtFine_labelIds,
disparity}.png`, of 1024 x 2048 pixels. The test split has no public labels: `val` is our test.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from mdml_tune.data.arrays import to_depth, to_image
from mdml_tune.data.files import read_picture
from mdml_tune.data.layouts import CITYSCAPES_CLASSES
from mdml_tune.data.official_files import require
from mdml_tune.data.official_fit import fit
from mdml_tune.data.official_labels import to_classes_by
from mdml_tune.data.reading import read_example
from mdml_tune.data.source import Labels, OfficialSplit, RawExample
from mdml_tune.errors import DataError, UnavailableError
from mdml_tune.tasks import Task

logger = logging.getLogger(__name__)

IMAGES = "leftImg8bit"

_FOLDERS = {
    Task.SEGMENTATION: ("gtFine", "gtFine_labelIds"),
    Task.DEPTH: ("disparity", "disparity"),
}
"""Of each task, its folder and how its files end."""

_NAMES = {OfficialSplit.TRAIN: "train", OfficialSplit.TEST: "val"}

_CLASS_OF_LABEL: Mapping[int, tuple[int, ...]] = {
    7: (
        -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1,
        2, 2, 2, 2, 3, 3, 4, 5, 5, 6, 6, 6, 6, 6, 6, 6, 6,
    ),
    19: (
        -1, -1, -1, -1, -1, -1, -1, 0, 1, -1, -1, 2, 3, 4, -1, -1, -1,
        5, -1, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, -1, -1, 16, 17, 18,
    ),
}  # fmt: skip
"""Of each label id, 0 to 33, its class; -1 where it has none. The numbers are those of `labels.py`
in mcordts/cityscapesScripts: `trainId` for 19, and `categoryId` - 1 for 7. Categories also hold the
labels that the 19 classes leave out, such as parking and caravan."""

_UNIT = 1 / 65535
"""Disparity is stored in 16 bits as p = 256 d + 1 for d pixels of the official width, and 0 where it
is unknown. The field divides p by its largest value (lorenmt/mtan, issue 25), and so do we."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialCityscapes:
    """See ``Source``. Depth is the disparity in the field's unit, from 0 to 1."""

    root: Path
    frames: Mapping[OfficialSplit, tuple[str, ...]]
    """Of each split, `CITY/CITY_SEQ_FRAME` in order."""
    classes: int
    tasks: tuple[Task, ...]
    size: tuple[int, int]

    @property
    def class_names(self) -> tuple[str, ...]:
        return CITYSCAPES_CLASSES[self.classes]

    @property
    def inverse_depth(self) -> bool:
        return True

    def count(self, split: OfficialSplit) -> int:
        return len(self.frames.get(split, ()))

    def read(self, split: OfficialSplit, index: int) -> RawExample:
        frame = self.frames[split][index]
        path = self._image(split, frame)
        files = {task: self._label(task, split, frame) for task in self.tasks}
        example = read_example(
            (path, lambda: to_image(path, read_picture(path, colours=True))),
            {task: (label, partial(self._labels, task, label)) for task, label in files.items()},
        )
        return fit(example, self.size)

    def name(self, split: OfficialSplit, index: int) -> str:
        return str(self._image(split, self.frames[split][index]))

    def files(self) -> Iterator[Path]:
        for split, frames in self.frames.items():
            for frame in frames:
                yield self._image(split, frame)
                yield from (self._label(task, split, frame) for task in self.tasks)

    def _image(self, split: OfficialSplit, frame: str) -> Path:
        return self.root / IMAGES / _NAMES[split] / f"{frame}_{IMAGES}.png"

    def _label(self, task: Task, split: OfficialSplit, frame: str) -> Path:
        folder, ending = _FOLDERS[task]
        return self.root / folder / _NAMES[split] / f"{frame}_{ending}.png"

    def _labels(self, task: Task, path: Path) -> Labels:
        stored_HW = read_picture(path, colours=False)
        if task is Task.SEGMENTATION:
            table = _CLASS_OF_LABEL[self.classes]
            return to_classes_by(table, path, stored_HW, self.classes)
        if stored_HW.dtype == np.uint8:
            raise DataError(f"{path} holds 8 bits a pixel; disparity is stored in 16.")
        return to_depth(path, stored_HW, scale=_UNIT)


def open_official_cityscapes(
    root: Path, classes: int, size: tuple[int, int] = (128, 256)
) -> OfficialCityscapes:
    """The files below ``root``, after a look at their names.

    Offers segmentation into ``classes``, 7 or 19, and depth where the disparities are there.

    Raises:
        UnavailableError: A file or folder is not there.
    """
    tasks = (Task.SEGMENTATION,)
    disparity = root / "disparity"
    if disparity.is_dir():
        tasks = (*tasks, Task.DEPTH)
    else:
        logger.warning("There is no folder %s: Cityscapes offers segmentation only.", disparity)
    frames = {split: _frames(root / IMAGES / name) for split, name in _NAMES.items()}
    source = OfficialCityscapes(root=root, frames=frames, classes=classes, tasks=tasks, size=size)
    archives = "Copy them from the archives of cityscapes-dataset.com."
    require(source.files(), f"Cityscapes below {root}", archives)
    return source


def _frames(folder: Path) -> tuple[str, ...]:
    ending = f"_{IMAGES}.png"
    found = sorted(
        path.relative_to(folder).as_posix().removesuffix(ending)
        for path in folder.glob(f"*/*{ending}")
    )
    if not found:
        raise UnavailableError(
            f"There is no image {folder}/CITY/*{ending}. Unpack leftImg8bit_trainvaltest.zip and "
            "gtFine_trainvaltest.zip of cityscapes-dataset.com there."
        )
    return tuple(found)
