"""From a network's configuration to the network.

A network's room is imported when one is built: torchvision takes seconds, and the driver of a study
builds none.
"""

from collections.abc import Sequence
from typing import assert_never

from torch import nn

from mdml_tune.config.network import (
    CustomConfig,
    DeepLabV3Config,
    MtanConfig,
    NetworkConfig,
    SegNetConfig,
    SegNetMtanConfig,
    UNetConfig,
)
from mdml_tune.models.custom import build_custom
from mdml_tune.models.heads import channels_of
from mdml_tune.models.imported import imported
from mdml_tune.tasks import Task


def build_network(config: NetworkConfig, tasks: Sequence[Task], classes: int) -> nn.Module:
    """A network with fresh weights from torch's global generator, or with pretrained ones.

    Args:
        config: Which network.
        tasks: One head for each.
        classes: Of segmentation.

    Returns:
        A ``MultiTaskNetwork``, or a network of the user's own that need not give its features.

    Raises:
        ConfigError: As ``check_network``; or a network of the user's own does not fit.
        UnavailableError: As ``check_network``.
    """
    channels = {task: channels_of(task, classes) for task in tasks}
    match config:
        case UNetConfig():
            from mdml_tune.models.unet import UNet

            return UNet(config.width, channels, dropout=config.dropout)
        case SegNetConfig():
            from mdml_tune.models.segnet import SegNet

            return SegNet(config.width, channels)
        case SegNetMtanConfig():
            from mdml_tune.models.segnet_mtan import SegNetMtan

            return SegNetMtan(config.width, channels)
        case DeepLabV3Config():
            from mdml_tune.models.deeplabv3 import DeepLabV3

            return DeepLabV3(config.backbone, config.pretrained, channels)
        case MtanConfig():
            from mdml_tune.models.mtan import Mtan

            return Mtan(config.backbone, config.pretrained, channels)
        case CustomConfig():
            return build_custom(config, channels)
        case _:
            assert_never(config)


def check_network(config: NetworkConfig) -> None:
    """Whatever is wrong and can be known before a network is built.

    Weights of ImageNet are downloaded here, so that a study does not fail for them later.

    Raises:
        ConfigError: A function cannot be imported or called, or weights do not fit.
        UnavailableError: Weights are not there and cannot be downloaded.
    """
    match config:
        case CustomConfig():
            imported(config)
        case DeepLabV3Config() | MtanConfig():
            if config.pretrained is not None:
                from mdml_tune.models.pretrained import read_weights

                read_weights(config.backbone, config.pretrained)
        case UNetConfig() | SegNetConfig() | SegNetMtanConfig():
            pass
        case _:
            assert_never(config)
