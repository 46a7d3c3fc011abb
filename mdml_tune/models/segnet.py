"""SegNet (Badrinarayanan et al. 2017, arXiv:1511.00561) with one head per task.

The layers are those of the comparison in MTAN (Liu et al. 2019, arXiv:1803.10704): all tasks share
the encoder and the decoder.

Shape suffixes: N images, C channels, H height, W width.
"""

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from mdml_tune.models.blocks import convolution, he_initialise
from mdml_tune.models.network import Features, HeadedNetwork
from mdml_tune.tasks import Task

MULTIPLES = (1, 2, 4, 8, 8)
"""Channels of each stage, as multiples of the width."""

DEPTHS = (2, 2, 3, 3, 3)
"""Convolutions of each stage, in the encoder and in the decoder."""


class SegNet(HeadedNetwork):
    """Five halvings, whose maxima are put back where they were found on the way up."""

    def __init__(self, width: int, channels: Mapping[Task, int]) -> None:
        super().__init__()
        self.encoder = nn.ModuleList(encoder(width))
        self.decoder = nn.ModuleList(decoder(width))
        self.heads = heads(width, channels)
        self.apply(he_initialise)

    def features(self, images_NCHW: Tensor) -> Features:
        """The encoder's output, at 1/32 of the image's size, and the decoder's."""
        x = images_NCHW
        places: list[Tensor] = []
        for stage in self.encoder:
            x, indices = F.max_pool2d(stage(x), 2, return_indices=True)
            places.append(indices)
        bottleneck = x
        for stage in self.decoder:
            x = stage(F.max_unpool2d(x, places.pop(), (2, 2)))
        return bottleneck, x


def encoder(width: int) -> list[nn.Sequential]:
    """The stages from the image to the bottleneck; each is followed by a halving."""
    widths = [width * multiple for multiple in MULTIPLES]
    stages = zip([3, *widths[:-1]], widths, DEPTHS, strict=True)
    return [_stage(incoming, outgoing, depth) for incoming, outgoing, depth in stages]


def decoder(width: int) -> list[nn.Sequential]:
    """The stages from the bottleneck to the image's size; each comes after a doubling."""
    widths = [width * multiple for multiple in MULTIPLES]
    stages = list(zip(widths, [width, *widths[:-1]], DEPTHS, strict=True))
    return [_stage(incoming, outgoing, depth) for incoming, outgoing, depth in reversed(stages)]


def heads(width: int, channels: Mapping[Task, int]) -> nn.ModuleDict:
    """For each task a 3x3 and a 1x1 convolution, with nothing between them."""
    return nn.ModuleDict(
        {
            task: nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.Conv2d(width, number, 1))
            for task, number in channels.items()
        }
    )


def _stage(incoming: int, outgoing: int, depth: int) -> nn.Sequential:
    first = convolution(incoming, outgoing)
    return nn.Sequential(first, *(convolution(outgoing, outgoing) for _ in range(depth - 1)))
