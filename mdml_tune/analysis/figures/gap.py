"""Who overfits: the generalisation gap of methods or finalists and of single-task networks."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

from mdml_tune.analysis.comparisons import gap_of_seeds
from mdml_tune.analysis.figures.style import INK, PALETTE, Drawing, Mark, new_figure, tidy
from mdml_tune.analysis.finalists import finalists
from mdml_tune.analysis.gains import generalisation_gap
from mdml_tune.analysis.numbers import signed
from mdml_tune.analysis.reference import finished_baselines, reference
from mdml_tune.analysis.subject import Subject
from mdml_tune.analysis.tables.delta_table import SINGLE_TASK
from mdml_tune.records import StudyRecord


@dataclass(frozen=True, slots=True)
class GapRow:
    label: str
    config_id: str | None
    """None for the single-task networks."""
    of_seeds: Mapping[int, float]
    """Seed -> gap in percent (see ``gains.generalisation_gap``)."""


@dataclass(frozen=True, slots=True)
class Gaps:
    rows: tuple[GapRow, ...]
    """Single-task networks first."""


def gaps(subject: Subject) -> Gaps | None:
    """Of the finalists and the single-task networks; none where no finalist's was recorded."""
    study = subject.study
    shown = [
        GapRow(row.label, row.config_id, of_seeds)
        for row in finalists(study, subject.rows)
        if (of_seeds := gap_of_seeds(study, row))
    ]
    if not shown:
        return None
    single = _single_task(study)
    first = [GapRow(SINGLE_TASK, None, single)] if single else []
    return Gaps((*first, *shown))


def draw_gaps(numbers: Gaps) -> Drawing:
    figure = new_figure(height=1.1 + 0.36 * len(numbers.rows))
    axes = figure.add_subplot()
    for place, row in enumerate(numbers.rows):
        colour = INK if row.config_id is None else PALETTE[0]
        values = list(row.of_seeds.values())
        dots = axes.scatter(values, [place] * len(values), color=colour, alpha=0.45, s=26)
        axes.plot(fmean(values), place, "|", color=colour, markersize=16, mew=2)
        figure.tell(dots, _marks(row))
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(range(len(numbers.rows)), [row.label for row in numbers.rows])
    axes.set_ylim(len(numbers.rows) - 0.4, -0.6)
    tidy(axes)
    figure.supxlabel(  # centred on the figure: it is wider than the axes beside long names
        "generalisation gap, train − val [% of single-task score]\n"
        "lower is better; dots: seeds, bar: mean",
        fontsize=9,
    )
    return figure


def _marks(row: GapRow) -> list[Mark]:
    return [
        Mark(f"{row.label}\nseed {seed}: gap {signed(value)} %", row.config_id)
        for seed, value in row.of_seeds.items()
    ]


def _single_task(study: StudyRecord) -> dict[int, float]:
    """Mean over tasks of the gaps of each seed's networks."""
    single = reference(study, "val").mean
    of_seeds: dict[int, list[float]] = {}
    for task in study.tasks:
        for baseline in finished_baselines(study, task):
            gap = generalisation_gap(baseline, single, (task,))
            if gap is not None:
                of_seeds.setdefault(baseline.seed, []).append(gap)
    return {
        seed: fmean(found) for seed, found in of_seeds.items() if len(found) == len(study.tasks)
    }
