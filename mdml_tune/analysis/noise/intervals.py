"""How sure we are: confidence intervals of Δm."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, variance

from scipy.special import stdtrit

from mdml_tune.analysis.gains import weights
from mdml_tune.analysis.reference import Reference
from mdml_tune.delta_m import delta_m, mean_scores
from mdml_tune.records import Scores
from mdml_tune.tasks import METRICS, Task

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimate:
    mean: float
    interval: Interval | None
    """Confidence interval, 95 % unless asked otherwise; none where it cannot be estimated."""


def delta_m_estimate(
    of_seeds: Sequence[Scores],
    reference: Reference,
    tasks: Sequence[Task],
    confidence: float = CONFIDENCE,
) -> Estimate:
    """Mean Δm (gain, percent) of one configuration over its seeds, with a confidence interval.

    The interval carries both noises: of the configuration's seeds and of the baselines' seeds. Δm is
    linear in the configuration's scores, and is linearised in the baselines' means (the delta
    method). The metrics of one network depend on each other, so each network enters as one
    number: its Δm, or its linear contribution to it. The variances of the independent means are
    added up, with the degrees of freedom of Welch (1947) and Satterthwaite (1946).

    Assumes scores roughly normal over seeds, baselines of different tasks and the configuration
    independent of each other, and baselines known to a small fraction of their value. Teachers
    taken from among the baselines break the second: the interval is then slightly too wide
    where they help. With a single seed of the configuration, or of a baseline, there is no interval.
    """
    values = [delta_m(scores, reference.mean, tasks) for scores in of_seeds]
    mean = fmean(values)
    samples = [values, *_baseline_parts(mean_scores(of_seeds), reference, tasks)]
    if any(len(sample) < 2 for sample in samples):  # noqa: PLR2004 (a variance needs two)
        return Estimate(mean, None)
    half = _half_width(samples, confidence)
    return Estimate(mean, Interval(mean - half, mean + half))


def _baseline_parts(
    mean: Scores, reference: Reference, tasks: Sequence[Task]
) -> Iterable[list[float]]:
    """Task by task, each baseline seed's linear contribution to Δm: ``dΔm/db · b``."""
    weight = weights(tasks)
    for task in tasks:
        slopes = {
            metric.path: -weight[metric.path] * mean[metric.path] / reference.mean[metric.path] ** 2
            for metric in METRICS[task]
        }
        yield [
            sum(slope * scores[path] for path, slope in slopes.items())
            for scores in reference.of_seeds[task]
        ]


def _half_width(samples: Sequence[Sequence[float]], confidence: float) -> float:
    parts = [variance(sample) / len(sample) for sample in samples]
    total = sum(parts)
    if total == 0:
        return 0.0
    uncertainty = sum(v**2 / (len(s) - 1) for v, s in zip(parts, samples, strict=True))
    return float(stdtrit(total**2 / uncertainty, (1 + confidence) / 2)) * total**0.5
