"""Reports as MLflow wants them: finite numbers, each with its step and its birth, in batches.

MLflow stores an infinity as 1.8e308 and draws no NaN: a value that is not finite stays out of the
metrics, and its name is told in the tag ``mdml.non_finite``.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from mdml_tune.records import EpochReport, Scores

LIMIT = 1000
"""Metrics that MLflow takes in one request."""


class Point(NamedTuple):
    key: str
    value: float
    timestamp_ms: int
    step: int


class Batch(NamedTuple):
    points: list[Point]
    epochs: int
    """Epochs of the trial that are complete once this has been acknowledged."""


def batches(reports: Sequence[EpochReport], limit: int = LIMIT) -> Iterator[Batch]:
    """As few batches as fit; every one ends with an epoch, unless one epoch fills several."""
    waiting: list[Point] = []
    done = reports[0].epoch - 1 if reports else 0
    for report in reports:
        points = points_of(report.metrics, report.timestamp_ms, report.epoch)
        if waiting and len(waiting) + len(points) > limit:
            yield Batch(waiting, done)
            waiting = []
        waiting += points
        while len(waiting) > limit:
            yield Batch(waiting[:limit], done)
            waiting = waiting[limit:]
        done = report.epoch
    if reports:
        yield Batch(waiting, done)


def test_points(scores: Scores, last: EpochReport) -> list[Point]:
    """Test scores stand at the last epoch, whose network they judge."""
    named = {f"test/{name}": value for name, value in scores.items()}
    return points_of(named, last.timestamp_ms, last.epoch)


def points_of(metrics: Mapping[str, float], timestamp_ms: int, step: int) -> list[Point]:
    return [
        Point(key, float(value), timestamp_ms, step)
        for key, value in metrics.items()
        if math.isfinite(value)
    ]


def non_finite(reports: Sequence[EpochReport], test: Scores | None = None) -> list[str]:
    """Names of the metrics that were NaN or infinite at least once."""
    names = {k for report in reports for k, v in report.metrics.items() if not math.isfinite(v)}
    names |= {f"test/{k}" for k, v in (test or {}).items() if not math.isfinite(v)}
    return sorted(names)
