"""Whether a budget is used up, with what the confirmations will need kept back during the search."""

from collections.abc import Sequence
from dataclasses import replace

from mdml_tune.records import TrialRecord
from mdml_tune.spaces.plan import Budget, Resources
from mdml_tune.spaces.study import Study

MOST_RESERVED = 0.5
"""Share of a budget that may be kept back: a search that is all confirmation would find nothing."""


def confirm_seconds(study: Study, searched: Sequence[TrialRecord]) -> float:
    """Seconds of work that the confirmations will take, from what the search took per epoch.

    The longest trials decide: nobody knows yet which will be confirmed. 0 before the first epoch.
    """
    plan = study.confirm
    epochs = sum(len(record.history) for record in searched)
    if plan is None or not epochs:
        return 0.0
    per_epoch = sum(record.seconds for record in searched) / epochs
    return per_epoch * study.epochs * plan.top * plan.seeds


def less(budget: Budget, resources: Resources, seconds: float, concurrency: int) -> Budget:
    """The budget without what ``seconds`` of work at ``concurrency`` will cost; at least half."""
    gpu_hours = seconds * resources.gpus / 3600
    return replace(
        budget,
        gpu_hours=_without(budget.gpu_hours, gpu_hours),
        wall_clock=_without(budget.wall_clock, seconds / max(1, concurrency) / 3600),
        cost=_without(budget.cost, gpu_hours * (budget.cost_per_gpu_hour or 0.0)),
    )


def _without(limit: float | None, reserved: float) -> float | None:
    return None if limit is None else max(limit - reserved, limit * (1 - MOST_RESERVED))
