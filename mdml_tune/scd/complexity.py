"""How hard a task is beside the others: what it loses when all are learnt with equal weights."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import fmean

from mdml_tune.delta_m import task_gain
from mdml_tune.records import Scores
from mdml_tune.tasks import Task


def complexity(multi_task: Scores, single_task: Scores, tasks: Sequence[Task]) -> dict[Task, float]:
    """Of each task in percent, higher is harder: the drop against its single-task network.

    Averaged over the metrics of the task. One reading of the performance indicator that SCD (Feng
    et al. 2024, J. Comput. Sci. Technol. 39(5):1094-1106) names without a public definition.

    Args:
        multi_task: Of one network with equal weights for all tasks.
        single_task: Of the single-task networks, after as many epochs on the same data.
        tasks: To be compared.

    Raises:
        ReportError: A metric is missing, or its baseline is 0.
    """
    return {task: -task_gain(multi_task, single_task, task) for task in tasks}


def stability(per_seed: Sequence[Mapping[Task, float]]) -> float | None:
    """How far the seeds agree on the order of the tasks: Kendall's tau, averaged over their pairs.

    1 where all agree, about 0 where the order is chance, at least -1. None where there is nothing
    to agree on: one seed, or one task.
    """
    agreements = [
        _sign(first[a] - first[b]) * _sign(second[a] - second[b])
        for first, second in combinations(per_seed, 2)
        for a, b in combinations(first, 2)
    ]
    return fmean(agreements) if agreements else None


def _sign(difference: float) -> int:
    return (difference > 0) - (difference < 0)
