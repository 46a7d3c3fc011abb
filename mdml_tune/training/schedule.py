"""Learning rates as a function of the step, so that a resumed trial needs no state for them."""

import math
from typing import assert_never

from mdml_tune.config.training import (
    ConstantSchedule,
    CosineSchedule,
    OneCycleSchedule,
    PolySchedule,
    ScheduleConfig,
    StepSchedule,
)

FLOOR = 0.04
"""One-cycle starts at this share of the full learning rate (torch's OneCycleLR: 1 / 25)."""


def rate_factor(schedule: ScheduleConfig, *, step: int, steps_per_epoch: int, epochs: int) -> float:
    """What the full learning rate is multiplied by in ``step``, counted from 0; in [0, 1]."""
    steps = steps_per_epoch * epochs
    match schedule:
        case ConstantSchedule():
            return 1.0
        case CosineSchedule():
            return _cosine(step / steps)
        case StepSchedule():
            return schedule.factor ** (step // steps_per_epoch // schedule.epochs)
        case PolySchedule():
            return (1 - step / steps) ** schedule.power
        case OneCycleSchedule():
            rising = schedule.warmup * steps
            if step < rising:
                return FLOOR + (1 - FLOOR) * step / rising
            return _cosine((step - rising) / (steps - rising))
        case _:
            assert_never(schedule)


def _cosine(progress: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * progress))
