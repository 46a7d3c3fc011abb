"""One split of a data set, in memory: what training reads and what evaluation is judged by.

Shape suffixes: N examples, B batch, C channels, H height, W width.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor

from mdml_tune.tasks import Task


class SplitName(StrEnum):
    TRAIN = "train"
    VAL = "val"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Examples:
    """Images with their labels, all on one device."""

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

    def __len__(self) -> int:
        return len(self.images)

    def to(self, device: torch.device | str) -> "Examples":
        """The same examples on ``device``."""
        return Examples(
            images=self.images.to(device),
            targets={task: target.to(device) for task, target in self.targets.items()},
            valid={task: valid.to(device) for task, valid in self.valid.items()},
            classes=self.classes,
        )

    def batch(self, indices: Tensor) -> "Examples":
        """The examples at ``indices``: (B,) int64, on the examples' device, repeats allowed."""
        return Examples(
            images=self.images[indices],
            targets={task: target[indices] for task, target in self.targets.items()},
            valid={task: valid[indices] for task, valid in self.valid.items()},
            classes=self.classes,
        )
