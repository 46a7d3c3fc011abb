"""The recipe: how long, how fast, in what portions."""

from dataclasses import field
from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from mdml_tune.config.strict import STRICT


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class OptimizerConfig:
    kind: Literal["adam", "adamw", "sgd"] = "adam"
    """`sgd` has Nesterov momentum 0.9."""

    learning_rate: PositiveFloat = 1e-3
    """Highest learning rate of the schedule, the same for all peers."""

    weight_decay: NonNegativeFloat = 0.0
    """L2 penalty (`adam`, `sgd`) or decoupled decay (`adamw`)."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class OneCycleSchedule:
    """Linear warm-up, then cosine to zero (Smith and Topin 2018, arXiv:1708.07120)."""

    kind: Literal["one_cycle"] = "one_cycle"

    warmup: Annotated[float, Field(gt=0, lt=1)] = 0.3
    """Share of all steps in which the learning rate rises."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class CosineSchedule:
    """Cosine from the full learning rate to zero."""

    kind: Literal["cosine"] = "cosine"


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class ConstantSchedule:
    kind: Literal["constant"] = "constant"


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class StepSchedule:
    """The learning rate is multiplied by `factor` after every `epochs` epochs."""

    kind: Literal["step"] = "step"

    epochs: PositiveInt = 100
    factor: Annotated[float, Field(gt=0, le=1)] = 0.5


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class PolySchedule:
    """(1 - progress) to the power of `power` (Chen et al. 2017, arXiv:1606.00915)."""

    kind: Literal["poly"] = "poly"

    power: PositiveFloat = 0.9


ScheduleConfig = Annotated[
    OneCycleSchedule | CosineSchedule | ConstantSchedule | StepSchedule | PolySchedule,
    Field(discriminator="kind"),
]


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class TrainingConfig:
    epochs: PositiveInt = 40
    """Passes over the training split."""

    batch_size: PositiveInt = 8
    """Images per step; all peers see the same ones."""

    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)

    schedule: ScheduleConfig = field(default_factory=OneCycleSchedule)
    """How the learning rate changes from step to step."""

    clip_norm: PositiveFloat | None = None
    """Longest gradient of a peer (L2 norm); longer ones are scaled back. Null: no limit."""

    accumulate: PositiveInt = 1
    """Batches whose gradients are averaged before an optimiser steps."""

    precision: Literal["fp32", "bf16"] = "fp32"
    """`bf16`: the networks compute in bfloat16 where autocast says so; losses, targets and weights
    stay in float32."""

    channels_last: bool = True
    """Memory layout of images and weights. Changes speed, and sums in their last bits."""

    compile: bool = False
    """Compile each network with torch.compile. Costs minutes per trial before the first step."""
