"""Dilated residual networks: encoders whose features keep an eighth of the image's size.

He et al. 2016 (arXiv:1512.03385), with strides turned into dilation (Yu et al. 2017,
arXiv:1705.09914).
"""

from typing import cast

from torch import nn
from torchvision.models import ResNet, get_model

from mdml_tune.config.network import Backbone, Pretrained
from mdml_tune.models.pretrained import read_weights


def dilated_resnet(backbone: Backbone, pretrained: Pretrained) -> ResNet:
    """Torchvision's network at stride 8 and without its classifier.

    Stage 3 has dilation 2, stage 4 dilation 4. Images go in as they are, in [0, 1], also where
    weights come from ImageNet, which were trained on images normalised by mean and deviation: so
    does LibMTL (arXiv:2203.14338), and with it the figures to compare with.
    """
    resnet = cast("ResNet", get_model(backbone, weights=None))
    resnet.fc = nn.Identity()  # pyright: ignore[reportAttributeAccessIssue]
    if pretrained is not None:
        resnet.load_state_dict(read_weights(backbone, pretrained))
    _dilate(resnet.layer3, before=1, after=2)
    _dilate(resnet.layer4, before=2, after=4)
    return resnet


def stem_of(resnet: ResNet) -> nn.Sequential:
    """What comes before the stages: an image to 1/4 of its size."""
    return nn.Sequential(resnet.conv1, resnet.bn1, resnet.relu, resnet.maxpool)


def stages_of(resnet: ResNet) -> list[nn.Sequential]:
    """The four stages; the second halves the size."""
    return [resnet.layer1, resnet.layer2, resnet.layer3, resnet.layer4]


def _dilate(stage: nn.Module, *, before: int, after: int) -> None:
    """Skip no position, and look as far apart as if the stage had.

    Args:
        stage: Whose first block halves the size.
        before: The dilation of what comes in: of convolutions that took every second position.
        after: Of all others.
    """
    for layer in stage.modules():
        if isinstance(layer, nn.Conv2d):
            rate = before if layer.stride == (2, 2) else after
            layer.stride = (1, 1)
            if layer.kernel_size == (3, 3):
                layer.dilation = layer.padding = (rate, rate)
