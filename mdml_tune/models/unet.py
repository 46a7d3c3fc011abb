"""A U-Net with one head per task (Ronneberger et al. 2015, arXiv:1505.04597).

Shape suffixes: N images, C channels, H height, W width.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import Conv2dNormActivation

from mdml_tune.models.heads import Predictions
from mdml_tune.models.network import Features, HeadedNetwork
from mdml_tune.tasks import Task

LEVELS = 3
"""Halvings of the image: its sides must be multiples of 2 ** LEVELS."""


class UNet(HeadedNetwork):
    """Shared encoder and decoder, then for each task a 3x3 convolution of its own and its output.

    Group normalisation (Wu and He 2018, arXiv:1803.08494) instead of batch normalisation: small
    batches do not disturb it, and a forward pass leaves no trace in the network, so that a peer
    may be asked again without changing it.
    """

    def __init__(self, width: int, channels: Mapping[Task, int], *, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout2d(dropout)
        widths = [width * 2**level for level in range(LEVELS + 1)]
        self.encoder = nn.ModuleList(
            _block(incoming, outgoing)
            for incoming, outgoing in zip([3, *widths[:-1]], widths, strict=True)
        )
        self.decoder = nn.ModuleList(
            _block(below + beside, beside)
            for below, beside in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.heads = nn.ModuleDict(
            {
                task: nn.Sequential(_convolution(width, width), nn.Conv2d(width, number, 1))
                for task, number in channels.items()
            }
        )

    def features(self, images_NCHW: Tensor) -> Features:
        """The bottleneck, before channels of it are dropped, and the last block of the decoder."""
        x = images_NCHW * 2 - 1
        beside: list[Tensor] = []
        for level, block in enumerate(self.encoder):
            x = block(F.max_pool2d(x, 2) if level else x)
            beside.append(x)
        bottleneck = beside.pop()
        x = self.dropout(bottleneck)
        for block in self.decoder:
            # Nearest, not bilinear: its backward pass is deterministic on a GPU too.
            x = F.interpolate(x, scale_factor=2.0, mode="nearest")
            x = block(torch.cat([x, beside.pop()], dim=1))
        return bottleneck, x

    def predict(self, features: Features, size: tuple[int, int]) -> Predictions:
        return super().predict((self.dropout(features[-1]),), size)


def _block(incoming: int, outgoing: int) -> nn.Module:
    return nn.Sequential(_convolution(incoming, outgoing), _convolution(outgoing, outgoing))


def _convolution(incoming: int, outgoing: int) -> nn.Module:
    return Conv2dNormActivation(incoming, outgoing, 3, norm_layer=_norm, inplace=True)


def _norm(channels: int) -> nn.Module:
    # Groups of four channels, or of as many as divide them.
    return nn.GroupNorm(
        next(n for n in (channels // 4, channels // 2, 1) if channels % n == 0), channels
    )
