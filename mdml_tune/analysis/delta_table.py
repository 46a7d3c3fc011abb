"""The numbers of the paper's Δm table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import stdev

from mdml_tune.analysis.finalists import finalists, methods
from mdml_tune.analysis.intervals import Interval
from mdml_tune.analysis.ranking import RankedRow
from mdml_tune.analysis.reference import Reference, reference
from mdml_tune.records import Scores, StudyRecord
from mdml_tune.tasks import METRICS, Metric, metrics_of

SINGLE_TASK = "single-task"


@dataclass(frozen=True, slots=True)
class DeltaRow:
    label: str
    config_id: str | None
    """None for the single-task networks."""
    seeds: int
    mean: Mapping[str, float]
    """Metric path, ``delta_m`` or ``delta_m_drop`` -> mean over seeds."""
    std: Mapping[str, float]
    """Over seeds (n - 1), where there are several."""
    interval: Interval | None
    """95 %, of ``delta_m``."""


@dataclass(frozen=True, slots=True)
class DeltaTable:
    study: str
    split: str
    metrics: tuple[Metric, ...]
    rows: tuple[DeltaRow, ...]
    """The single-task networks first."""

    def best(self, column: str) -> float:
        """The best mean in a column (a metric path, ``delta_m`` or ``delta_m_drop``)."""
        values = [row.mean[column] for row in self.rows]
        return max(values) if self.higher_is_better(column) else min(values)

    def higher_is_better(self, column: str) -> bool:
        if column in {"delta_m", "delta_m_drop"}:
            return column == "delta_m"
        return next(metric.higher_is_better for metric in self.metrics if metric.path == column)


def delta_table(study: StudyRecord, rows: Sequence[RankedRow]) -> DeltaTable | None:
    """Single-task networks against the finalists among ``rows``; none where nothing is finished.

    On test as soon as something was confirmed, else on val: the two are never mixed in one table.
    """
    shown = finalists(study, rows)
    if not shown:
        return None
    split = shown[0].split
    by_method = bool(methods(study))
    return DeltaTable(
        study=study.name,
        split=split,
        metrics=metrics_of(study.tasks),
        rows=(
            _single_task(reference(study, split)),
            *(_row(row, by_method=by_method) for row in shown),
        ),
    )


def _single_task(single: Reference) -> DeltaRow:
    std = {
        metric.path: stdev([scores[metric.path] for scores in of_seeds])
        for task, of_seeds in single.of_seeds.items()
        for metric in METRICS[task]
        if len(of_seeds) > 1
    }
    seeds = min(len(of_seeds) for of_seeds in single.of_seeds.values())
    mean = {**single.mean, "delta_m": 0.0, "delta_m_drop": 0.0}
    return DeltaRow(SINGLE_TASK, None, seeds, mean, std, None)


def _row(row: RankedRow, *, by_method: bool) -> DeltaRow:
    drop = {} if row.delta_m_drop is None else {"delta_m_drop": row.delta_m_drop}
    gain = {} if row.delta_m is None else {"delta_m": row.delta_m}
    std: Scores = row.std
    if len(row.of_seeds) > 1:
        std = {**row.std, "delta_m": stdev(row.of_seeds.values())}
    label = row.method if by_method and row.method is not None else row.config_id
    return DeltaRow(
        label, row.config_id, row.seeds, {**row.mean, **gain, **drop}, std, row.interval
    )
