"""SegNet in which each task chooses from shared features by masks of its own.

MTAN (Liu et al. 2019, arXiv:1803.10704, section 3).

Shape suffixes: N images, C channels, H height, W width.
"""

from collections.abc import Iterable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mdml_tune.models.blocks import attention, convolution, he_initialise
from mdml_tune.models.network import Features, HeadedNetwork
from mdml_tune.models.segnet import MULTIPLES, decoder, encoder, heads
from mdml_tune.tasks import Task

Chosen = dict[Task, Tensor]
"""What each task has chosen so far, (N, C, H, W)."""


class SegNetMtan(HeadedNetwork):
    """A shared SegNet, and beside each of its stages a mask per task.

    For gradient methods all before the heads is shared, the masks too, as in Nash-MTL's comparison
    (Navon et al. 2022, arXiv:2202.01017).
    """

    def __init__(self, width: int, channels: Mapping[Task, int]) -> None:
        super().__init__()
        widths = [width * multiple for multiple in MULTIPLES]
        chosen, above, below = [0, *widths[1:]], [width, *widths[:-1]], [*widths[1:], widths[-1]]
        self.encoder = nn.ModuleList(
            _Down(shared, channels, before + own, own, after)
            for shared, before, own, after in zip(
                encoder(width), chosen, widths, below, strict=True
            )
        )
        self.decoder = nn.ModuleList(
            _Up(shared, channels, incoming, own)
            for shared, incoming, own in zip(
                decoder(width), reversed(widths), reversed(above), strict=True
            )
        )
        self.heads = heads(width, channels)
        self.apply(he_initialise)

    def features(self, images_NCHW: Tensor) -> Features:
        """What each task has chosen at 1/32 of the image's size, and at its full size."""
        x = images_NCHW
        places: list[Tensor] = []
        nothing_N0HW = images_NCHW[:, :0]
        chosen = {Task(name): nothing_N0HW for name in self.heads}
        for stage in self.encoder:
            x, chosen = stage(x, chosen)
            x, indices = F.max_pool2d(x, 2, return_indices=True)
            places.append(indices)
        bottleneck = chosen
        for stage in self.decoder:
            x, chosen = stage(F.max_unpool2d(x, places.pop(), (2, 2)), chosen)
        return bottleneck, chosen


class _Down(nn.Module):
    """A stage of the encoder, without the halving of what is shared."""

    def __init__(
        self, shared: nn.Sequential, tasks: Iterable[Task], seen: int, own: int, after: int
    ) -> None:
        super().__init__()
        self.first, self.rest = shared[0], shared[1:]
        self.masks = nn.ModuleDict({task: attention(seen, own, own) for task in tasks})
        # The tasks share it: what each has chosen goes through it alone.
        self.onward = convolution(own, after)

    def forward(self, x: Tensor, chosen: Chosen) -> tuple[Tensor, Chosen]:
        first = self.first(x)
        last = self.rest(first)
        masks = {task: self.masks[task](_beside(first, before)) for task, before in chosen.items()}
        return last, {
            task: F.max_pool2d(self.onward(mask * last), 2) for task, mask in masks.items()
        }


class _Up(nn.Module):
    """A stage of the decoder, after the doubling of what is shared."""

    def __init__(self, shared: nn.Module, tasks: Iterable[Task], incoming: int, own: int) -> None:
        super().__init__()
        self.shared = shared
        self.masks = nn.ModuleDict({task: attention(incoming + own, own, own) for task in tasks})
        self.onward = convolution(incoming, own)

    def forward(self, x: Tensor, chosen: Chosen) -> tuple[Tensor, Chosen]:
        last = self.shared(x)
        befores = {task: self.onward(_doubled(before)) for task, before in chosen.items()}
        return last, {
            task: self.masks[task](_beside(x, before)) * last for task, before in befores.items()
        }


def _beside(shared: Tensor, own: Tensor) -> Tensor:
    return torch.cat([shared, own], dim=1)


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=True)
