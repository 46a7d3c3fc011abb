"""Settings that change while a trial trains: what population based training finds."""

from collections.abc import Mapping, Sequence

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from mdml_tune.config.strict import STRICT
from mdml_tune.tasks import Task


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class Change:
    """Other settings from one epoch on (Jaderberg et al. 2017, arXiv:1711.09846)."""

    epoch: PositiveInt
    """Epochs that are completed when it begins to hold; it does until the next change."""

    learning_rate: PositiveFloat | None = None
    """Takes the place of `training.optimizer.learning_rate`; the schedule still multiplies it.
    Null: as it was."""

    mimicry: dict[Task, NonNegativeFloat] | None = None
    """Takes the place of `mutual.weight`; per task or one for all. Null: as it was."""


def learning_rate_at(start: float, changes: Sequence[Change], epoch: int) -> float:
    """What holds after ``epoch`` completed epochs, before the schedule."""
    given = [c.learning_rate for c in changes if c.epoch <= epoch and c.learning_rate is not None]
    return given[-1] if given else start


def mimicry_at(
    start: Mapping[Task, float], changes: Sequence[Change], epoch: int
) -> dict[Task, float]:
    """Weights that hold after ``epoch`` completed epochs, before the ramp."""
    given = [c.mimicry for c in changes if c.epoch <= epoch and c.mimicry is not None]
    return dict(given[-1] if given else start)


def strongest(start: Mapping[Task, float], changes: Sequence[Change]) -> dict[Task, float]:
    """Per task the highest weight that ever holds: 0 where nothing is ever imitated."""
    given = [start, *(c.mimicry for c in changes if c.mimicry is not None)]
    return {task: max(weights.get(task, 0.0) for weights in given) for task in start}
