"""Settings that change while a trial trains: which of them hold now, and how a report says so."""

from dataclasses import dataclass, replace

from mdml_tune.config.changes import learning_rate_at, mimicry_at
from mdml_tune.config.mutual import MutualConfig
from mdml_tune.config.trial import TrialConfig


@dataclass(frozen=True, slots=True)
class InForce:
    """What one epoch trains with."""

    learning_rate: float
    """Before the schedule."""
    mutual: MutualConfig | None
    """With the weights of now, before the ramp."""


def in_force(config: TrialConfig, epoch: int) -> InForce:
    """What holds after ``epoch`` completed epochs."""
    rate, mutual = config.training.optimizer.learning_rate, config.mutual
    if not config.changes:
        return InForce(rate, mutual)
    if mutual is not None:
        mutual = replace(mutual, weight=mimicry_at(mutual.weight, config.changes, epoch))
    return InForce(learning_rate_at(rate, config.changes, epoch), mutual)


def schedule_report(config: TrialConfig, epoch: int) -> dict[str, float]:
    """What held in the epoch after ``epoch`` completed ones; empty where nothing ever changes."""
    if not config.changes:
        return {}
    now = in_force(config, epoch)
    weights = {} if now.mutual is None else now.mutual.weight
    return {
        "schedule/learning_rate": now.learning_rate,
        **{f"schedule/mimicry/{task}": weight for task, weight in weights.items()},
    }
