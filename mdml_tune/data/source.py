"""Where the labelled images of a data set come from, before they are packed.

Shape suffixes: H height, W width.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mdml_tune.tasks import Task


class OfficialSplit(StrEnum):
    """The splits as the makers of a data set define them, before anything is held out."""

    TRAIN = "train"
    VAL = "val"
    """Only where a data set has a val of its own besides its test split."""
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of one task in one image."""

    target: NDArray[np.generic]
    """Segmentation (H, W) int64 class ids, depth and edges (1, H, W), normals and albedo (3, H, W);
    float32 but for the class ids. Pixels without a label hold 0."""

    valid: NDArray[np.bool_]
    """(H, W), True where the pixel has a label."""


@dataclass(frozen=True, slots=True)
class RawExample:
    """One image with its labels."""

    image: NDArray[np.float32]
    """(3, H, W), RGB in [0, 1]."""

    labels: Mapping[Task, Labels]
    """For every task that the source offers."""


class Source(Protocol):
    """The files of a data set, one labelled image at a time."""

    @property
    def tasks(self) -> tuple[Task, ...]:
        """All that the files hold, whether a trial asks for it or not."""
        ...

    @property
    def class_names(self) -> tuple[str, ...]:
        """Of segmentation, in the order of the class ids; () where it is not offered."""
        ...

    @property
    def inverse_depth(self) -> bool:
        """Whether depth is disparity: large where things are near."""
        ...

    def count(self, split: OfficialSplit) -> int:
        """Images in ``split``; 0 where there is no such split."""
        ...

    def read(self, split: OfficialSplit, index: int) -> RawExample:
        """The image at ``index`` of ``split`` with all its labels.

        Raises:
            DataError: A file is damaged or does not follow the layout; the message names it.
            UnavailableError: A file is missing.
        """
        ...

    def name(self, split: OfficialSplit, index: int) -> str:
        """The file or files behind an image, for messages."""
        ...

    def files(self) -> Iterable[Path]:
        """Every file that ``read`` looks at: once one changes, what was packed from it is stale."""
        ...
