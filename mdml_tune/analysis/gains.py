"""Δm taken apart: what each metric adds to it, and the generalisation gap on the same scale."""

import math
from collections.abc import Iterable, Mapping, Sequence

from mdml_tune.records import Scores, TrialRecord
from mdml_tune.tasks import METRICS, Task, metrics_of


def weights(tasks: Sequence[Task]) -> dict[str, float]:
    """By how many points Δm (gain) moves when a metric grows by its baseline.

    Tasks weigh alike, and so do the metrics within a task; negative where lower is better.
    """
    return {
        metric.path: (100 if metric.higher_is_better else -100) / len(tasks) / len(METRICS[task])
        for task in tasks
        for metric in METRICS[task]
    }


def contributions(scores: Scores, baseline: Scores, tasks: Sequence[Task]) -> dict[str, float]:
    """What each metric adds to Δm, in percentage points; their sum is Δm (gain)."""
    return {
        path: weight * (scores[path] / baseline[path] - 1)
        for path, weight in weights(tasks).items()
    }


def shares(parts: Mapping[str, float]) -> dict[str, float]:
    """Share of each metric in the sum of the absolute contributions; empty if all are 0."""
    total = sum(abs(part) for part in parts.values())
    return {path: abs(part) / total for path, part in parts.items()} if total > 0 else {}


def generalisation_gap(
    record: TrialRecord, baseline: Scores, tasks: Sequence[Task]
) -> float | None:
    """How much better a network is in training than in validation; positive is overfitting.

    ``100/T Σ_t 1/n_t Σ_k g_tk / |b_tk|`` in percent, where ``g`` is the recorded gap of a metric
    after the last epoch (train minus val, turned so that positive is overfitting) and ``b`` the
    single-task network's mean score on val: averaged like Δm, within a task first, then over
    tasks, so that the two can be read side by side. None where a gap was not recorded.
    """
    gaps = record.last.split("gap") if record.last is not None else {}
    size = {path: abs(weight) for path, weight in weights(tasks).items()}
    if not is_scored(gaps, tasks) or any(baseline[path] == 0 for path in size):
        return None
    return sum(size[path] * gaps[path] / abs(baseline[path]) for path in size)


def is_scored(scores: Scores | None, tasks: Iterable[Task]) -> bool:
    """Whether every metric of ``tasks`` is there and finite."""
    if scores is None:
        return False
    return all(math.isfinite(scores.get(metric.path, math.nan)) for metric in metrics_of(tasks))
