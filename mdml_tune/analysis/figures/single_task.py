"""What the single-task networks reach on val, and how far their seeds lie apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from mdml_tune.analysis.gains import is_scored
from mdml_tune.analysis.reference import finished_baselines, reference
from mdml_tune.delta_m import delta_m
from mdml_tune.records import StudyRecord
from mdml_tune.tasks import Metric


@dataclass(frozen=True, slots=True)
class Band:
    mean: float
    low: float
    high: float
    """The lowest and the highest seed: all one where there is a single one."""


def metric_band(study: StudyRecord, metric: Metric) -> Band:
    """Of one metric, in its own unit, in the last epoch.

    Raises:
        ReportError: The task has no finished baseline.
    """
    values = [scores[metric.path] for scores in reference(study, "val").of_seeds[metric.task]]
    return Band(fmean(values), min(values), max(values))


def delta_m_band(study: StudyRecord) -> Band:
    """Of Δm (gain, percent): each seed's networks, one of each task, against the mean of all.

    What the noise of single-task networks looks like on the scale of Δm; 0 alone where no seed has
    a network of every task.

    Raises:
        ReportError: A task has no finished baseline.
    """
    single = reference(study, "val").mean
    values = [
        delta_m(scores, single, study.tasks)
        for scores in _of_seeds(study)
        if is_scored(scores, study.tasks)
    ]
    return Band(0.0, min(values, default=0.0), max(values, default=0.0))


def _of_seeds(study: StudyRecord) -> Sequence[dict[str, float]]:
    """The scores of each seed's networks together."""
    found: dict[int, dict[str, float]] = {}
    for task in study.tasks:
        for baseline in finished_baselines(study, task):
            found.setdefault(baseline.seed, {}).update(baseline.scores("val") or {})
    return list(found.values())
