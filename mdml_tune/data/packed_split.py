"""Rows of a packed file as a split.

Train and val are rows of one file, so that they share one memory.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mdml_tune.data.pack import Pack
from mdml_tune.data.split import Examples, Split, fits
from mdml_tune.tasks import Task

_WHITE = 255.0

_CHUNK = 32
"""Examples that travel at a time."""


@dataclass(frozen=True, slots=True)
class PackedSplit:
    stored: Examples
    """In the file's types, whole: images float32 or uint8, class ids uint8 or int16. On the CPU it
    is the file itself, mapped into memory."""

    rows: Tensor
    """(N,) int64: which of ``stored``; where that is."""

    device: torch.device

    @property
    def classes(self) -> int:
        return self.stored.classes

    @property
    def inverse_depth(self) -> bool:
        return self.stored.inverse_depth

    @property
    def size(self) -> tuple[int, int]:
        return self.stored.size

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, indices: Tensor) -> Examples:
        found = self.stored.batch(self.rows[indices.to(self.rows.device)])
        if found.device != self.device:
            found = found.pinned() if self.device.type == "cuda" else found
            found = found.to(self.device, non_blocking=True)
        return _canonical(found)

    def resident(self, device: torch.device | str) -> Split:
        device = torch.device(device)
        needed = self.stored.nbytes() * len(self.rows) // len(self.stored)
        if device.type != "cuda" or not fits(needed, device):
            return replace(self, device=device)
        return PackedSplit(
            stored=_moved(self.stored, self.rows, device),
            rows=torch.arange(len(self.rows), device=device),
            device=device,
        )


def packed_split(pack: Pack, tasks: tuple[Task, ...], rows: Tensor) -> PackedSplit:
    """The examples of ``pack`` at ``rows``, (N,) int64, with the labels of ``tasks``."""
    return PackedSplit(pack.stored(tasks), rows, torch.device("cpu"))


def _canonical(found: Examples) -> Examples:
    """The same examples in the types that training expects."""
    images = found.images
    if images.dtype == torch.uint8:
        # By a tensor: GPUs divide by a number as they multiply by its reciprocal, which rounds.
        images = images.float() / torch.full((), _WHITE, device=images.device)
    targets = dict(found.targets)
    if Task.SEGMENTATION in targets:
        targets[Task.SEGMENTATION] = targets[Task.SEGMENTATION].long()
    return replace(found, images=images, targets=targets)


def _moved(stored: Examples, rows: Tensor, device: torch.device) -> Examples:
    """The examples at ``rows`` on ``device``, without a copy of all of them on the way."""

    def move(tensor: Tensor) -> Tensor:
        there = torch.empty(len(rows), *tensor.shape[1:], dtype=tensor.dtype, device=device)
        for part, chosen in zip(there.split(_CHUNK), rows.split(_CHUNK), strict=True):
            part.copy_(tensor[chosen])
        return there

    return replace(
        stored,
        images=move(stored.images),
        targets={task: move(target) for task, target in stored.targets.items()},
        valid={task: move(valid) for task, valid in stored.valid.items()},
    )
