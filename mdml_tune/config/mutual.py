"""How the peers of a trial learn from each other."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat
from pydantic.dataclasses import dataclass

from mdml_tune.config.strict import STRICT
from mdml_tune.tasks import Task


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class MutualConfig:
    """Deep mutual learning (Zhang et al. 2018, arXiv:1706.00384) between multi-task networks."""

    peers: Annotated[int, Field(ge=1, le=16)] = 2
    """Networks that learn from each other; they start from different weights. 1: a single one."""

    update: Literal["simultaneous", "alternating"] = "simultaneous"
    """`simultaneous`: all peers step on the same predictions. `alternating`: each peer steps on
    fresh predictions of the others (Zhang et al. 2018, Algorithm 1)."""

    weight: dict[Task, NonNegativeFloat]
    """Multiplier of the mimicry loss, per task or one for all. 0 trains the peers independently."""

    temperature: dict[Task, PositiveFloat]
    """Divides the logits in the mimicry loss of classification-like tasks, which is scaled by T²;
    per task or one for all. 1 is plain mutual learning; more softens the targets."""

    warmup_epochs: NonNegativeInt = 0
    """Epochs on labels alone, while the peers know too little to teach."""
