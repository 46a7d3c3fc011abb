"""What the search has tried: a configuration, with every seed that it was trained with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean

from mdml_tune.records import Status, TrialRecord, Value


@dataclass(frozen=True, slots=True)
class Tried:
    """A searched configuration as the sampler sees it."""

    assignment: Mapping[str, Value]
    """Name of a parameter -> what was chosen for it."""
    records: tuple[TrialRecord, ...]
    """Its trials; the first is that of the first seed, which alone can be stopped early."""
    memory: Mapping[str, object] = field(default_factory=dict[str, object])
    """What the sampler wrote down when it proposed it (a generation, a step size)."""

    @property
    def first(self) -> TrialRecord:
        return self.records[0]

    def values(self, objectives: tuple[str, ...]) -> tuple[float, ...] | None:
        """Its last values of the metrics, averaged over its completed seeds.

        None while no seed has completed.
        """
        whole = [
            record.last.metrics
            for record in self.records
            if record.status is Status.COMPLETED and record.last is not None
        ]
        if not whole or any(name not in metrics for metrics in whole for name in objectives):
            return None
        return tuple(fmean(metrics[name] for metrics in whole) for name in objectives)

    def curve(self, metric: str) -> dict[int, float]:
        """Epoch -> what the first seed reached in it."""
        return {
            report.epoch: report.metrics[metric]
            for report in self.first.history
            if metric in report.metrics
        }


@dataclass(frozen=True, slots=True)
class Earlier:
    """A configuration that an earlier study has tried, in terms of this study's space."""

    assignment: Mapping[str, Value]
    """Name of a parameter -> what was chosen for it."""
    status: Status
    """Completed or pruned."""
    values: tuple[float, ...] | None
    """Of this study's objectives, averaged over its completed seeds; none where it was pruned."""
    curve: Mapping[int, float]
    """Epoch -> what the first seed reached in the one objective; empty where there are several."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to try next."""

    assignment: dict[str, Value]
    memory: Mapping[str, object] = field(default_factory=dict[str, object])
    """To be handed back in ``Tried``."""
