"""One split of a data set: what training reads and what evaluation is judged by.

Shape suffixes: N examples, B batch, C channels, H height, W width.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

import torch
from torch import Tensor

from mdml_tune.tasks import Task


class SplitName(StrEnum):
    TRAIN = "train"
    VAL = "val"
    TEST = "test"


class Split(Protocol):
    """Labelled images that are read in batches, wherever they lie."""

    @property
    def classes(self) -> int:
        """Number of segmentation classes; 0 where segmentation is not a task."""
        ...

    @property
    def inverse_depth(self) -> bool:
        """Whether depth is disparity: large where things are near."""
        ...

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of every image, in pixels."""
        ...

    @property
    def device(self) -> torch.device:
        """Where batches are made."""
        ...

    def __len__(self) -> int:
        """Number of examples."""
        ...

    def batch(self, indices: Tensor) -> "Examples":
        """The examples at ``indices``, on ``device``.

        ``indices`` is (B,) int64, on the CPU or on ``device``; repeats are allowed.
        """
        ...

    def resident(self, device: torch.device | str) -> "Split":
        """The same examples, with batches on ``device``.

        They move there whole where ``device`` is a GPU and they need at most half of its free
        memory; else each batch travels on its own.
        """
        ...


@dataclass(frozen=True, slots=True)
class Examples:
    """Images with their labels, all on one device: a batch, or a split that is held in memory."""

    images: Tensor
    """(N, 3, H, W) float32 in [0, 1]."""

    targets: Mapping[Task, Tensor]
    """Per task: segmentation (N, H, W) int64 class ids, depth (N, 1, H, W) in the data's unit,
    normals (N, 3, H, W) unit vectors, edges (N, 1, H, W) 0 or 1, albedo (N, 3, H, W) in [0, 1];
    float32 but for the class ids. Pixels without a label hold 0."""

    valid: Mapping[Task, Tensor]
    """Per task: (N, H, W) bool, True where the pixel has a label."""

    classes: int
    """Number of segmentation classes; 0 where segmentation is not a task."""

    inverse_depth: bool = False
    """Whether depth is disparity: large where things are near."""

    def __len__(self) -> int:
        return len(self.images)

    @property
    def size(self) -> tuple[int, int]:
        height, width = self.images.shape[-2:]
        return height, width

    @property
    def device(self) -> torch.device:
        return self.images.device

    def batch(self, indices: Tensor) -> "Examples":
        rows = indices.to(self.device)
        return replace(
            self,
            images=self.images[rows],
            targets={task: target[rows] for task, target in self.targets.items()},
            valid={task: valid[rows] for task, valid in self.valid.items()},
        )

    def to(self, device: torch.device | str, *, non_blocking: bool = False) -> "Examples":
        """The same examples on ``device``."""
        return replace(
            self,
            images=self.images.to(device, non_blocking=non_blocking),
            targets={k: v.to(device, non_blocking=non_blocking) for k, v in self.targets.items()},
            valid={k: v.to(device, non_blocking=non_blocking) for k, v in self.valid.items()},
        )

    def pinned(self) -> "Examples":
        """A copy that a GPU can fetch while the CPU goes on."""
        return replace(
            self,
            images=self.images.pin_memory(),
            targets={task: target.pin_memory() for task, target in self.targets.items()},
            valid={task: valid.pin_memory() for task, valid in self.valid.items()},
        )

    def nbytes(self) -> int:
        """Memory of all arrays together."""
        tensors = [self.images, *self.targets.values(), *self.valid.values()]
        return sum(tensor.nbytes for tensor in tensors)

    def resident(self, device: torch.device | str) -> Split:
        device = torch.device(device)
        return self.to(device) if fits(self.nbytes(), device) else Streamed(self, device)


@dataclass(frozen=True, slots=True)
class Streamed:
    """A split that lies on the CPU and is too large for its GPU: each batch travels on its own."""

    source: Split
    device: torch.device

    @property
    def classes(self) -> int:
        return self.source.classes

    @property
    def inverse_depth(self) -> bool:
        return self.source.inverse_depth

    @property
    def size(self) -> tuple[int, int]:
        return self.source.size

    def __len__(self) -> int:
        return len(self.source)

    def batch(self, indices: Tensor) -> Examples:
        return self.source.batch(indices.cpu()).pinned().to(self.device, non_blocking=True)

    def resident(self, device: torch.device | str) -> Split:
        return self.source.resident(device)


def fits(nbytes: int, device: torch.device) -> bool:
    """Whether ``nbytes`` are at most half of the free memory of ``device``; always on the CPU."""
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return nbytes <= free // 2
