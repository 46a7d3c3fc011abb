"""What is left of each phase of a study, and how fast it goes."""

from dataclasses import dataclass
from typing import Literal

from mdml_tune.tuning.forecast_range import Range

PhaseName = Literal["baselines", "search", "more seeds", "confirm"]


@dataclass(frozen=True, slots=True)
class Pace:
    """What one epoch takes."""

    wall: Range
    """Seconds."""
    process: float
    """CPU seconds of all threads."""
    setup: float = 0.0
    """Seconds before the first epoch of a training: reading data, building networks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Todo:
    """What is left of one phase."""

    phase: PhaseName
    trainings: int
    epochs: Range
    """Of all of them together."""
    longest: float = 0.0
    """Epochs of the longest of them."""
    even: bool = True
    """Whether all are about equally long; early stopping makes them differ."""
    pace: Pace | None
    """None where nothing is known of it yet."""
