"""Delta-m: what multi-task learning gains, or costs, against single-task networks.

Three conventions are in print, and they can disagree about the sign, so each value says which one
it follows. Pure numbers: no torch, no files, no plotting.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from statistics import fmean

from mdml_tune.errors import ReportError
from mdml_tune.records import Scores
from mdml_tune.tasks import METRICS, Metric, Task


class Convention(StrEnum):
    GAIN = "delta_m"
    """Gain averaged over the metrics of a task, then over tasks; positive is better.
    LibMTL (arXiv:2203.14338), DB-MTL."""
    DROP = "delta_m_drop"
    """Drop averaged over all metrics at once; negative is better.
    CAGrad (arXiv:2110.14048), Nash-MTL (arXiv:2202.01017), FAMO (arXiv:2306.03792)."""
    PRIMARY = "delta_m_primary"
    """Gain in one metric per task, averaged over tasks; positive is better.
    Maninis et al. 2019 (arXiv:1904.08918), Vandenhende et al. 2021 (arXiv:2004.13379)."""


def task_gain(scores: Scores, baseline: Scores, task: Task) -> float:
    """Relative gain averaged over the metrics of one task, in percent; positive is better.

    Raises:
        ReportError: A metric is missing, or its baseline is 0 (no relative gain exists).
    """
    return 100 * fmean([_gain(scores, baseline, metric) for metric in METRICS[task]])


def delta_m(
    scores: Scores,
    baseline: Scores,
    tasks: Iterable[Task],
    *,
    convention: Convention = Convention.GAIN,
) -> float:
    """Delta-m of ``scores`` against the single-task ``baseline``, in percent.

    Raises:
        ReportError: A metric is missing, or its baseline is 0.
    """
    tasks = tuple(tasks)
    match convention:
        case Convention.GAIN:
            return fmean([task_gain(scores, baseline, task) for task in tasks])
        case Convention.DROP:
            gains = [_gain(scores, baseline, metric) for t in tasks for metric in METRICS[t]]
            return -100 * fmean(gains)
        case Convention.PRIMARY:
            return 100 * fmean([_gain(scores, baseline, METRICS[task][0]) for task in tasks])


def mean_scores(of_seeds: Sequence[Scores]) -> dict[str, float]:
    """Mean of each metric over seeds: the reference that delta-m is measured against."""
    return {name: fmean([scores[name] for scores in of_seeds]) for name in of_seeds[0]}


def _gain(scores: Scores, baseline: Scores, metric: Metric) -> float:
    for owner, values in (("scores", scores), ("baseline", baseline)):
        if metric.path not in values:
            raise ReportError(
                f"The {owner} lack '{metric.path}' (they have {', '.join(sorted(values))}). "
                f"Score that task, or leave it out of the tasks."
            )
    reference = baseline[metric.path]
    if reference == 0:
        raise ReportError(
            f"The baseline of '{metric.path}' is 0, so a relative gain is undefined. "
            f"Check the baseline, or leave the task out."
        )
    change = (scores[metric.path] - reference) / reference
    return change if metric.higher_is_better else -change
