"""Whether two trainings of one trial measured the same."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mdml_tune.records import EpochReport, TrialRecord

COSTS = "time/"
"""Metrics that say how long something took, and are never the same."""


@dataclass(frozen=True, slots=True)
class Difference:
    metric: str
    epoch: int | None
    """None of a test score."""
    recorded: float
    again: float
    relative: float
    """Beside the largest magnitude on the metric's recorded curve: 0.01 is one percent of it."""

    def __str__(self) -> str:
        where = "on test" if self.epoch is None else f"at epoch {self.epoch}"
        return (
            f"{self.relative:.2g} (relative) in {self.metric} {where}: recorded "
            f"{self.recorded:.6g}, now {self.again:.6g}"
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    epochs: int
    """Compared."""
    values: int
    """Compared, test scores included."""
    differences: tuple[Difference, ...]
    """Values that are not the same to the last bit, in the order in which they were measured."""
    otherwise: str | None = None
    """How the trial went otherwise than recorded, if it did."""

    @property
    def largest(self) -> Difference | None:
        return max(self.differences, key=lambda found: found.relative, default=None)

    @property
    def is_exact(self) -> bool:
        return self.otherwise is None and not self.differences

    def is_within(self, tolerance: float) -> bool:
        """Whether no value differs by more than ``tolerance``, relatively."""
        largest = self.largest
        return self.otherwise is None and (largest is None or largest.relative <= tolerance)

    def verdict(self, tolerance: float) -> str:
        """What a user wants to know, in one line."""
        if self.is_exact:
            return "matched exactly"
        if self.otherwise is not None:
            return f"did not match: {self.otherwise}"
        if self.is_within(tolerance):
            return f"matched within {tolerance:g}: largest difference {self.largest}"
        return f"did not match: largest difference {self.largest}"


def compare(recorded: TrialRecord, again: TrialRecord) -> Comparison:
    """Every recorded metric of every epoch, and the test scores, but for what took how long.

    Metrics that the record does not know, of newer code, do not count.
    """
    pairs = list(_pairs(recorded, again))
    found = tuple(
        d for metric, epoch, a, b, scale in pairs if (d := _differ(metric, epoch, a, b, scale))
    )
    return Comparison(
        epochs=min(len(recorded.history), len(again.history)),
        values=len(pairs),
        differences=found,
        otherwise=_otherwise(recorded, again),
    )


_Pair = tuple[str, int | None, float, float, float]


def _pairs(recorded: TrialRecord, again: TrialRecord) -> Iterator[_Pair]:
    scales = _scales(recorded)
    for before, now in zip(recorded.history, again.history, strict=False):
        for metric, value in _measured(before).items():
            if metric in now.metrics:
                yield metric, before.epoch, value, now.metrics[metric], scales[metric]
    for name, value in (recorded.test or {}).items():
        if again.test is not None and name in again.test:
            yield f"test/{name}", None, value, again.test[name], abs(value)


def _scales(recorded: TrialRecord) -> Mapping[str, float]:
    """Of each metric its largest finite magnitude: a value near zero is no reason for alarm."""
    scales: dict[str, float] = {}
    for report in recorded.history:
        for metric, value in _measured(report).items():
            size = abs(value) if math.isfinite(value) else 0.0
            scales[metric] = max(scales.get(metric, 0.0), size)
    return scales


def _differ(metric: str, epoch: int | None, a: float, b: float, scale: float) -> Difference | None:
    if a == b or (math.isnan(a) and math.isnan(b)):
        return None
    relative = abs(a - b) / scale if scale else math.inf
    return Difference(metric, epoch, a, b, math.inf if math.isnan(relative) else relative)


def _otherwise(recorded: TrialRecord, again: TrialRecord) -> str | None:
    if recorded.diverged != again.diverged:
        who, what = ("record", again.status) if recorded.diverged else ("new run", recorded.status)
        return f"the {who} diverged, and the other one is {what}"
    if recorded.diverged and len(recorded.history) != len(again.history):
        return (
            f"it diverged after {len(again.history)} epochs, and the record after "
            f"{len(recorded.history)}"
        )
    if len(again.history) < len(recorded.history):
        return f"it ended after {len(again.history)} of {len(recorded.history)} epochs"
    for before, now in zip(recorded.history, again.history, strict=False):
        lost = _measured(before).keys() - now.metrics.keys()
        if lost:
            return f"{min(lost)} is not measured any more at epoch {before.epoch}"
    lost = (recorded.test or {}).keys() - (again.test or {}).keys()
    return f"test/{min(lost)} is not measured any more" if lost else None


def _measured(report: EpochReport) -> dict[str, float]:
    return {k: v for k, v in report.metrics.items() if not k.startswith(COSTS)}
