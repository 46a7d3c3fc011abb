"""Sequential cooperative distillation: which similar tasks are distilled together, and when."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from mdml_tune.config.strict import STRICT


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class ScdConfig:
    similarity: Literal["linear_cka"] = "linear_cka"
    """How alike two tasks are, judged by their single-task networks."""

    grouping_threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Tasks at least this similar share a block."""

    distil: Literal["outputs", "features"] = "outputs"

    weight: PositiveFloat = 0.3
    """Multiplier of the distillation loss."""

    stage_epochs: PositiveInt = 5
    """Epochs before the next block joins."""
