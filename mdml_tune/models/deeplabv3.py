"""A dilated ResNet with one ASPP head per task (DeepLabV3, Chen et al. 2017, arXiv:1706.05587).

Shape suffixes: N images, C channels, H height, W width.
"""

from collections.abc import Mapping

from torch import Tensor, nn

from mdml_tune.config.network import Backbone, Pretrained
from mdml_tune.models.aspp import aspp_head
from mdml_tune.models.network import Features, HeadedNetwork
from mdml_tune.models.resnet import dilated_resnet, stages_of, stem_of
from mdml_tune.tasks import Task


class DeepLabV3(HeadedNetwork):
    """All tasks share the encoder; the pyramid belongs to the head."""

    def __init__(
        self, backbone: Backbone, pretrained: Pretrained, channels: Mapping[Task, int]
    ) -> None:
        super().__init__()
        resnet = dilated_resnet(backbone, pretrained)
        self.encoder = nn.Sequential(stem_of(resnet), *stages_of(resnet))
        self.heads = nn.ModuleDict(
            {task: aspp_head(resnet.inplanes, number) for task, number in channels.items()}
        )

    def features(self, images_NCHW: Tensor) -> Features:
        """The encoder's output alone, at 1/8 of the image's size."""
        return (self.encoder(images_NCHW),)
