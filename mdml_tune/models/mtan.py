"""A dilated ResNet in which each task chooses from shared features by masks of its own.

MTAN (Liu et al. 2019, arXiv:1803.10704), laid over a ResNet as LibMTL does (arXiv:2203.14338).

Shape suffixes: N images, C channels, H height, W width.
"""

from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck, conv1x1

from mdml_tune.config.network import Backbone, Pretrained
from mdml_tune.models.aspp import aspp_head
from mdml_tune.models.blocks import attention, he_initialise
from mdml_tune.models.network import Features, HeadedNetwork
from mdml_tune.models.resnet import dilated_resnet, stages_of, stem_of
from mdml_tune.tasks import Task

WIDTHS = (64, 128, 256, 512)
"""Channels inside the blocks of each stage; blocks with a bottleneck return four times as many."""

Chosen = dict[Task, Tensor]
"""What each task has chosen so far, (N, C, H, W)."""


class Mtan(HeadedNetwork):
    """A mask per task beside each stage of the encoder, and one ASPP head per task.

    For gradient methods all before the heads is shared, the masks too.
    """

    def __init__(
        self, backbone: Backbone, pretrained: Pretrained, channels: Mapping[Task, int]
    ) -> None:
        super().__init__()
        resnet = dilated_resnet(backbone, pretrained)
        expansion = resnet.inplanes // WIDTHS[-1]
        widths = [expansion * width for width in WIDTHS]
        onward = [_block(own, after, expansion) for own, after in pairwise(widths)]
        # The second stage halves the size, to as many positions as this does.
        onward[0] = nn.Sequential(onward[0], nn.MaxPool2d(2, ceil_mode=True))
        self.stem = stem_of(resnet)
        self.stages = nn.ModuleList(
            _Stage(shared, {task: attention(own + chosen, hidden, own) for task in channels}, after)
            for shared, chosen, hidden, own, after in zip(
                stages_of(resnet),
                [0, *widths[1:]],
                WIDTHS,
                widths,
                [*onward, nn.Identity()],
                strict=True,
            )
        )
        self.heads = nn.ModuleDict(
            {task: aspp_head(widths[-1], number) for task, number in channels.items()}
        )

    def features(self, images_NCHW: Tensor) -> Features:
        """What each task has chosen after the last stage alone, at 1/8 of the image's size."""
        x = self.stem(images_NCHW)
        nothing_N0HW = x[:, :0]
        chosen = {Task(name): nothing_N0HW for name in self.heads}
        for stage in self.stages:
            x, chosen = stage(x, chosen)
        return (chosen,)


class _Stage(nn.Module):
    """A stage of the ResNet; masks choose from its end by what they see before its last block."""

    def __init__(
        self, shared: nn.Sequential, masks: dict[str, nn.Module], onward: nn.Module
    ) -> None:
        super().__init__()
        self.early, self.late = shared[:-1], shared[-1]
        self.masks = nn.ModuleDict(masks).apply(he_initialise)
        # The tasks share it: what each has chosen goes through it alone.
        self.onward = onward.apply(he_initialise)

    def forward(self, x: Tensor, chosen: Chosen) -> tuple[Tensor, Chosen]:
        early = self.early(x)
        late = self.late(early)
        return late, {
            task: self.onward(self.masks[task](torch.cat([early, before], dim=1)) * late)
            for task, before in chosen.items()
        }


def _block(incoming: int, outgoing: int, expansion: int) -> nn.Module:
    block = BasicBlock if expansion == 1 else Bottleneck
    to_outgoing = nn.Sequential(conv1x1(incoming, outgoing), nn.BatchNorm2d(outgoing))
    return block(incoming, outgoing // expansion, downsample=to_outgoing)
