"""NYUv2 as the field shares it: one folder per kind, one ``.npy`` file per image.

The images of ``train`` are learnt from and held out; ``val`` is the official test split.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mdml_tune.config.data import NyuV2Data
from mdml_tune.data.arrays import Labels, read_classes, read_depth, read_image, read_normals
from mdml_tune.data.nyuv2_folder import FOLDERS, NyuV2Folder, open_folder
from mdml_tune.data.split import Examples, SplitName
from mdml_tune.errors import ConfigError, DataError
from mdml_tune.tasks import Task

CLASSES = (
    "bed", "books", "ceiling", "chair", "floor", "furniture", "objects", "picture", "sofa",
    "table", "tv", "wall", "window",
)  # fmt: skip
"""Names of the segmentation classes; the index is the class id."""

_MULTIPLE = 8
"""What both sides of an image must be a multiple of: the networks halve it three times."""


def load_nyuv2(config: NyuV2Data, split: SplitName, root: Path | None) -> Examples:
    """Read one split into memory, in the order of the file numbers.

    Raises:
        ConfigError: NYUv2 does not offer one of the tasks.
        UnavailableError: The folders are not there.
        DataError: A file cannot be learnt from.
    """
    source = _source(config, split, root)
    examples = source.blank()
    for row, (image, labels) in enumerate(source.read()):
        examples.images[row] = image
        for task, (target, valid) in labels.items():
            examples.targets[task][row] = target
            examples.valid[task][row] = valid
    return examples


def check_nyuv2(config: NyuV2Data, root: Path | None) -> None:
    """Read every file once and keep none.

    Raises:
        ConfigError: NYUv2 does not offer one of the tasks.
        UnavailableError: The folders are not there.
        DataError: A file cannot be learnt from.
    """
    for split in SplitName:
        for _ in _source(config, split, root).read():
            pass


def held_out(count: int, fraction: float, seed: int) -> tuple[list[int], list[int]]:
    """Which of ``count`` training images to learn from, and which to hold out, both in order.

    The draw depends on ``count`` and ``seed`` alone; each part gets at least one image.
    """
    draws = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed))).random(count)
    order = [int(number) for number in np.argsort(draws, kind="stable")]
    share = min(max(round(count * fraction), 1), count - 1)
    return sorted(order[share:]), sorted(order[:share])


@dataclass(frozen=True, slots=True)
class _Source:
    """The files of one split."""

    folder: NyuV2Folder
    numbers: Sequence[int]
    tasks: Sequence[Task]
    size: tuple[int, int]

    def blank(self) -> Examples:
        count, (height, width) = len(self.numbers), self.size
        channels = {Task.SEGMENTATION: (), Task.DEPTH: (1,), Task.NORMALS: (3,)}
        kinds = {Task.SEGMENTATION: torch.int64}
        return Examples(
            images=torch.zeros(count, 3, height, width),
            targets={
                task: torch.zeros(
                    count, *channels[task], height, width, dtype=kinds.get(task, torch.float32)
                )
                for task in self.tasks
            },
            valid={
                task: torch.zeros(count, height, width, dtype=torch.bool) for task in self.tasks
            },
            classes=len(CLASSES) if Task.SEGMENTATION in self.tasks else 0,
        )

    def read(self) -> Iterator[tuple[Tensor, dict[Task, Labels]]]:
        for number in self.numbers:
            path = self.folder.image(number)
            image = read_image(path)
            self._require_size(path, image)
            labels: dict[Task, Labels] = {}
            for task in self.tasks:
                path = self.folder.label(task, number)
                labels[task] = _read_labels(path, task)
                self._require_size(path, labels[task].valid)
            yield image, labels

    def _require_size(self, path: Path, pixels: Tensor) -> None:
        if pixels.shape[-2:] != self.size:
            raise DataError(
                f"{path} is {_as_text(pixels.shape[-2:])} pixels and {self.folder.image(0)} is "
                f"{_as_text(self.size)}; all images and labels must be of one size."
            )


def _source(config: NyuV2Data, split: SplitName, root: Path | None) -> _Source:
    missing = [task for task in config.tasks if task not in FOLDERS]
    if missing:
        raise ConfigError(
            f"data.tasks: NYUv2 does not offer {', '.join(missing)}. "
            f"It offers {', '.join(FOLDERS)}; the data set 'rooms' offers all tasks."
        )
    folder = open_folder(root, "val" if split is SplitName.TEST else "train", config.tasks)
    if split is not SplitName.TEST and folder.count == 1:
        raise DataError(f"{folder.path} holds one image; at least two are needed to hold one out.")
    numbers: Sequence[int] = range(folder.count)
    if split is not SplitName.TEST:
        learnt, kept = held_out(folder.count, config.val_fraction, config.seed)
        numbers = learnt if split is SplitName.TRAIN else kept
    return _Source(folder, numbers, config.tasks, _size(folder))


def _size(folder: NyuV2Folder) -> tuple[int, int]:
    """Height and width of the first image, which all others share."""
    path = folder.image(0)
    height, width = read_image(path).shape[-2:]
    if height % _MULTIPLE or width % _MULTIPLE or not height * width:
        raise DataError(
            f"{path} is {height} x {width} pixels; both sides must be multiples of {_MULTIPLE}. "
            f"Crop or resize images and labels, for example to "
            f"{_nearest(height)} x {_nearest(width)}."
        )
    return height, width


def _nearest(side: int) -> int:
    return max(side // _MULTIPLE, 1) * _MULTIPLE


def _read_labels(path: Path, task: Task) -> Labels:
    match task:
        case Task.SEGMENTATION:
            return read_classes(path, len(CLASSES))
        case Task.DEPTH:
            return read_depth(path)
        case Task.NORMALS:
            return read_normals(path)
        case Task.EDGES | Task.ALBEDO:
            raise AssertionError(f"refused before: {task}")


def _as_text(size: Sequence[int]) -> str:
    return f"{size[0]} x {size[1]}"
