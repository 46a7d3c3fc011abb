"""The multi-task network that each peer is a copy of."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from mdml_tune.config.strict import STRICT


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class UNetConfig:
    """A U-Net (Ronneberger et al. 2015, arXiv:1505.04597) with one head per task."""

    kind: Literal["unet"] = "unet"

    width: Annotated[int, Field(ge=4, le=512)] = 24
    """Channels at full resolution; doubled at each of the three halvings."""


NetworkConfig = UNetConfig
