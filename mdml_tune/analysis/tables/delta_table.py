"""The numbers of the paper's Δm table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from mdml_tune.analysis.finalists import finalists, methods
from mdml_tune.analysis.noise.intervals import Interval
from mdml_tune.analysis.published.library import SINGLE_TASK, PublishedTable
from mdml_tune.analysis.ranking import RankedRow
from mdml_tune.analysis.reference import Reference, reference
from mdml_tune.analysis.tables.omissions import omissions
from mdml_tune.delta_m import Convention, delta_m
from mdml_tune.records import StudyRecord
from mdml_tune.tasks import METRICS, Metric, Task, metrics_of


@dataclass(frozen=True, slots=True)
class DeltaRow:
    label: str
    config_id: str | None
    """None for the single-task networks."""
    seeds: int
    mean: Mapping[str, float]
    """Metric path, or value of a ``Convention`` -> mean over seeds."""
    std: Mapping[str, float]
    """Over seeds (n - 1), where there are several."""
    interval: Interval | None
    """95 %, of ``delta_m``."""
    study: str = ""
    """Of single-task networks: all that they are the reference of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeltaTable:
    """Rows that are all measured against one and the same single-task row."""

    studies: tuple[str, ...]
    split: str
    metrics: tuple[Metric, ...]
    rows: tuple[DeltaRow, ...]
    """The single-task networks first."""
    notes: tuple[str, ...] = ()
    """What a reader must know: who is missing and why, what is still running."""
    quoted: tuple[PublishedTable, ...] = ()
    """Of the literature; each measured against a single-task row of its own."""


def delta_table(study: StudyRecord, rows: Sequence[RankedRow]) -> DeltaTable | None:
    """Single-task networks against the finalists among ``rows``; none where nothing is finished.

    On test as soon as something was confirmed, else on val: the two are never mixed in one table.

    Raises:
        ReportError: There are scores to judge, but a baseline to judge them by is missing or 0.
    """
    shown = finalists(study, rows)
    if not shown:
        return None
    against = reference(study, shown[0].split)
    by_method = bool(methods(study))
    return DeltaTable(
        studies=(study.name,),
        split=against.split,
        metrics=metrics_of(study.tasks),
        rows=(
            _single_task(study.name, against),
            *(_row(study, row, against, by_method=by_method) for row in shown),
        ),
        notes=omissions(study, rows, shown),
    )


def _single_task(study: str, single: Reference) -> DeltaRow:
    std = {
        metric.path: stdev([scores[metric.path] for scores in of_seeds])
        for task, of_seeds in single.of_seeds.items()
        for metric in METRICS[task]
        if len(of_seeds) > 1
    }
    seeds = min(len(of_seeds) for of_seeds in single.of_seeds.values())
    mean = {**single.mean, **{convention.value: 0.0 for convention in Convention}}
    return DeltaRow(SINGLE_TASK, None, seeds, mean, std, None, study)


def _row(study: StudyRecord, row: RankedRow, against: Reference, *, by_method: bool) -> DeltaRow:
    of_seeds = {c.value: _of_seeds(row, against, study.tasks, c) for c in Convention}
    spread = {name: stdev(values) for name, values in of_seeds.items() if len(values) > 1}
    label = row.method if by_method and row.method is not None else row.config_id
    return DeltaRow(
        label=label,
        config_id=row.config_id,
        seeds=row.seeds,
        mean={**row.mean, **{name: fmean(values) for name, values in of_seeds.items()}},
        std={**row.std, **spread},
        interval=row.interval,
        study=study.name,
    )


def _of_seeds(
    row: RankedRow, against: Reference, tasks: Sequence[Task], convention: Convention
) -> list[float]:
    scores = [trial.scores(row.split) or {} for trial in row.shown]
    return [delta_m(s, against.mean, tasks, convention=convention) for s in scores]
