"""Published methods that mutual learning and SCD are compared with, beside the weightings."""

from dataclasses import field

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat
from pydantic.dataclasses import dataclass

from mdml_tune.config.scd import AdaptorConfig
from mdml_tune.config.strict import STRICT
from mdml_tune.tasks import Task


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class OkdMtlConfig:
    """Online knowledge distillation for multi-task learning (Jacob et al. 2023, WACV).

    Single-task networks are trained beside the multi-task one; their features are distilled, and
    they set the tasks' weights.
    """

    weight: dict[Task, NonNegativeFloat]
    """Of the feature distillation, per task or one for all. The authors: 2 for normals, else 1."""

    temperature: PositiveFloat = 0.1
    """Of the task weights: K softmax(r / temperature), r the loss of the multi-task network over
    that of the single-task one in the epoch before."""

    warmup_epochs: NonNegativeInt = 5
    """Epochs in which the single-task networks learn and do not teach yet."""

    adaptor: AdaptorConfig = field(
        default_factory=lambda: AdaptorConfig(learning_rate=1e-4, weight_decay=5e-4)
    )


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class RDropConfig:
    """R-Drop (Liang et al. 2021, arXiv:2106.14448): two passes under different dropout must agree.

    Needs a network with dropout. Both passes are supervised, neither is detached.
    """

    weight: dict[Task, NonNegativeFloat]
    """Of the disagreement, per task or one for all."""
