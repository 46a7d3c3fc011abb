"""The multi-task network that a peer is a copy of."""

from dataclasses import field
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from mdml_tune.config.strict import STRICT

Width = Annotated[int, Field(ge=4, le=512)]
Dropout = Annotated[float, Field(ge=0, lt=1)]
Backbone = Literal["resnet18", "resnet34", "resnet50", "resnet101"]

Pretrained = Annotated[str, Field(min_length=1)] | None
"""Null: random weights. `imagenet`: torchvision's weights, from its cache or downloaded. A path: a
file that holds a state dict of torchvision's network of that name."""

Scalar = str | int | float | bool | None


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class UNetConfig:
    """A U-Net (Ronneberger et al. 2015, arXiv:1505.04597) with one head per task."""

    kind: Literal["unet"] = "unet"

    width: Width = 24
    """Channels at full resolution; doubled at each of the three halvings."""

    dropout: Dropout = 0.0
    """Share of the channels that is dropped in training, at the bottleneck and before the heads."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class SegNetConfig:
    """SegNet (Badrinarayanan et al. 2017, arXiv:1511.00561) with one head per task.

    Sides of images must be multiples of 32.
    """

    kind: Literal["segnet"]

    width: Width = 64
    """Channels at full resolution; the five stages have 1, 2, 4, 8 and 8 times as many."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class SegNetMtanConfig:
    """SegNet with an attention module per task and stage (MTAN, Liu et al. 2019, arXiv:1803.10704).

    Sides of images must be multiples of 32.
    """

    kind: Literal["segnet_mtan"]

    width: Width = 64
    """Channels at full resolution; the five stages have 1, 2, 4, 8 and 8 times as many."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class DeepLabV3Config:
    """A dilated ResNet with one ASPP head per task (Chen et al. 2017, arXiv:1706.05587)."""

    kind: Literal["deeplabv3"]

    backbone: Backbone = "resnet50"

    pretrained: Pretrained = None
    """Null (random weights), `imagenet` (torchvision's), or the path of a weights file."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class MtanConfig:
    """MTAN on a dilated ResNet (Liu et al. 2019, arXiv:1803.10704).

    An attention module per task and stage, and one ASPP head per task.
    """

    kind: Literal["mtan"]

    backbone: Backbone = "resnet50"

    pretrained: Pretrained = None
    """Null (random weights), `imagenet` (torchvision's), or the path of a weights file."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class CustomConfig:
    """A network of your own, made by a function that is found by its import path."""

    kind: Literal["custom"]

    function: Annotated[
        str,
        Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$", examples=["package.module:function"]),
    ]
    """`package.module:function`. Called with the channels of each task, and `options`."""

    options: dict[str, Scalar] = field(default_factory=dict[str, Scalar])
    """Keyword arguments of the function."""


NetworkConfig = Annotated[
    UNetConfig | SegNetConfig | SegNetMtanConfig | DeepLabV3Config | MtanConfig | CustomConfig,
    Field(discriminator="kind"),
]
