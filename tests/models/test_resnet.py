"""A dilated network sees what the one with strides sees, and eight times as finely as stride 32."""

from typing import cast

import pytest
import torch
from torch import nn
from torch.testing import assert_close
from torchvision.models import ResNet, get_model, resnet50

from mdml_tune.config.network import Backbone
from mdml_tune.models.resnet import dilated_resnet, stages_of, stem_of


def encoder_of(resnet: ResNet) -> nn.Sequential:
    return nn.Sequential(stem_of(resnet), *stages_of(resnet)).eval()


@pytest.mark.parametrize("backbone", ["resnet18", "resnet50"])
def test_every_fourth_position_is_the_answer_of_the_network_with_strides(
    backbone: Backbone,
) -> None:
    # So output stride and receptive field are right, borders included: 8, as if it were 32.
    dilated = dilated_resnet(backbone, None)
    with_strides = cast("ResNet", get_model(backbone, weights=None))
    with_strides.load_state_dict(dilated.state_dict(), strict=False)
    images = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        fine, coarse = encoder_of(dilated)(images), encoder_of(with_strides)(images)
    assert tuple(fine.shape) == (1, dilated.inplanes, 8, 12)
    assert tuple(coarse.shape) == (1, dilated.inplanes, 2, 3)
    assert_close(fine[..., ::4, ::4], coarse, rtol=1e-3, atol=1e-4)


def test_bottleneck_blocks_are_dilated_as_torchvision_does() -> None:
    with torch.device("meta"):
        ours = dilated_resnet("resnet50", None)
        theirs = resnet50(replace_stride_with_dilation=[False, True, True])

    def geometry(resnet: ResNet) -> list[tuple[str, object, object, object]]:
        return [
            (name, layer.stride, layer.dilation, layer.padding)
            for name, layer in resnet.named_modules()
            if isinstance(layer, nn.Conv2d)
        ]

    assert geometry(ours) == geometry(theirs)
