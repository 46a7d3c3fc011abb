"""The early-stopping rule that a study asks for."""

from typing import assert_never

from mdml_tune.spaces.plan import (
    AshaStopping,
    HyperbandStopping,
    MedianStopping,
    PbtStopping,
    Stopping,
)
from mdml_tune.tuning.stopping.asha import Asha
from mdml_tune.tuning.stopping.hyperband import Hyperband
from mdml_tune.tuning.stopping.median import Median
from mdml_tune.tuning.stopping.population import Population
from mdml_tune.tuning.stopping.rule import Rule, RunToTheEnd


def build_rule(config: Stopping | None, epochs: int, seed: int) -> Rule:
    """A rule that has heard of nothing yet.

    Args:
        config: What the study asks for; none where all trials run to their end.
        epochs: Of a whole trial; nobody is stopped after its last one.
        seed: Of the search.
    """
    match config:
        case None:
            return RunToTheEnd()
        case AshaStopping():
            return Asha(config.grace_epochs, config.reduction, epochs)
        case HyperbandStopping():
            return Hyperband(config.grace_epochs, config.reduction, epochs, seed)
        case MedianStopping():
            return Median(config.grace_epochs, config.min_trials, epochs)
        case PbtStopping():
            return Population(config, epochs, seed)
        case _:
            assert_never(config)
