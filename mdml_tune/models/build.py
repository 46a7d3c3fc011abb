"""From a network's configuration to the network."""

from collections.abc import Sequence

from torch import nn

from mdml_tune.config.network import NetworkConfig
from mdml_tune.models.heads import channels_of
from mdml_tune.models.unet import UNet
from mdml_tune.tasks import Task


def build_network(config: NetworkConfig, tasks: Sequence[Task], classes: int) -> nn.Module:
    """A network with fresh weights from torch's global generator.

    Args:
        config: Which network.
        tasks: One head for each.
        classes: Of segmentation.
    """
    return UNet(config.width, {task: channels_of(task, classes) for task in tasks})
