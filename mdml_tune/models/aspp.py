"""The head of DeepLabV3: atrous spatial pyramid pooling (Chen et al. 2017, arXiv:1706.05587).

Shape suffixes: N images, C channels, H height, W width.
"""

import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models.segmentation.deeplabv3 import DeepLabHead

RATES = (12, 24, 36)
"""Dilations at stride 8, section 3.3 there."""

CHANNELS = 256
"""Of every branch, and of what they are merged into."""


def aspp_head(incoming: int, outgoing: int) -> nn.Module:
    """Torchvision's head, dropout of 0.5 included, that can also learn from a single image."""
    head = DeepLabHead(incoming, outgoing, RATES)
    head.set_submodule("0.convs.4.2", _PooledNorm(CHANNELS))
    return head


class _PooledNorm(nn.BatchNorm2d):
    """Batch normalisation of the image pooling's branch, which has one value per image.

    A batch of one image has no variance, and torch refuses it: then the running averages stand in,
    and are left as they are.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name in torch
        if self.training and len(input) == 1:
            return F.batch_norm(
                input, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
        return super().forward(input)
