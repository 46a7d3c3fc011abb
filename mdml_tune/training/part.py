"""The beginning of a split: what a measurement goes through instead of all of it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from mdml_tune.data.split import Examples, Split


@dataclass(frozen=True, slots=True)
class Part:
    """The first ``count`` examples of a split."""

    source: Split
    count: int

    @property
    def classes(self) -> int:
        return self.source.classes

    @property
    def inverse_depth(self) -> bool:
        return self.source.inverse_depth

    @property
    def size(self) -> tuple[int, int]:
        return self.source.size

    @property
    def device(self) -> torch.device:
        return self.source.device

    def __len__(self) -> int:
        return self.count

    def batch(self, indices: Tensor) -> Examples:
        return self.source.batch(indices)

    def resident(self, device: torch.device | str) -> Split:
        return Part(self.source.resident(device), self.count)
