"""Who overfits: the generalisation gap of methods or finalists and of single-task networks."""

from collections.abc import Mapping
from dataclasses import dataclass

from mdml_tune.analysis.comparisons import gap_of_seeds
from mdml_tune.analysis.delta_table import SINGLE_TASK
from mdml_tune.analysis.figures.style import INK, PALETTE, Drawing, new_figure, tidy
from mdml_tune.analysis.finalists import finalists
from mdml_tune.analysis.gains import generalisation_gap
from mdml_tune.analysis.reference import finished_baselines, reference
from mdml_tune.analysis.subject import Subject
from mdml_tune.records import StudyRecord


@dataclass(frozen=True, slots=True)
class Gaps:
    of_rows: Mapping[str, tuple[float, ...]]
    """Label -> gap of each seed, in percent (see ``gains.generalisation_gap``)."""


def gaps(subject: Subject) -> Gaps | None:
    """Single-task networks first; none where no finalist's gap was recorded."""
    study, rows = subject.study, subject.rows
    found = {row.label: tuple(gap_of_seeds(study, row).values()) for row in finalists(study, rows)}
    found = {label: values for label, values in found.items() if values}
    if not found:
        return None
    single = _single_task(study)
    return Gaps({**({SINGLE_TASK: single} if single else {}), **found})


def draw_gaps(numbers: Gaps) -> Drawing:
    labels = list(numbers.of_rows)
    figure = new_figure(height=1.1 + 0.36 * len(labels))
    axes = figure.add_subplot()
    for place, values in enumerate(numbers.of_rows.values()):
        colour = INK if place == 0 else PALETTE[0]
        axes.plot(values, [place] * len(values), "o", color=colour, alpha=0.45, markersize=5)
        axes.plot(sum(values) / len(values), place, "|", color=colour, markersize=16, mew=2)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlabel(
        "generalisation gap [% of single-task score]\n"
        "train − val, lower is better; dots: seeds, bar: mean"
    )
    tidy(axes)
    return figure


def _single_task(study: StudyRecord) -> tuple[float, ...]:
    """Mean over tasks of the gaps of each seed's networks."""
    single = reference(study, "val").mean
    of_seeds: dict[int, list[float]] = {}
    for task in study.tasks:
        for baseline in finished_baselines(study, task):
            gap = generalisation_gap(baseline, single, (task,))
            if gap is not None:
                of_seeds.setdefault(baseline.seed, []).append(gap)
    complete = [found for found in of_seeds.values() if len(found) == len(study.tasks)]
    return tuple(sum(found) / len(found) for found in complete)
