"""How the configurations learnt: Δm by epoch, and each task's primary metric beside it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from mdml_tune.analysis.figures.style import (
    GAIN_AXIS,
    GREY,
    INK,
    PALETTE,
    Drawing,
    new_figure,
    tidy,
)
from mdml_tune.analysis.numbers import metric_name
from mdml_tune.analysis.ranking import RankedRow
from mdml_tune.analysis.reference import reference
from mdml_tune.analysis.subject import Subject
from mdml_tune.records import Phase, TrialRecord
from mdml_tune.tasks import METRICS, Metric

Points = tuple[tuple[float, float], ...]
"""Epoch and value, in order."""

_DELTA_M = "val/delta_m"


@dataclass(frozen=True, slots=True)
class Curves:
    delta_m: Mapping[str, Points]
    """Label -> Δm (gain, percent, val) of the best configurations."""
    others: tuple[Points, ...]
    """The same of all other configurations."""
    metrics: Mapping[Metric, Mapping[str, Points]]
    """Each task's primary metric on val -> label -> curve of the best configurations."""
    single_task: Mapping[Metric, float]
    """What the single-task networks reach."""


def learning_curves(subject: Subject, top: int = 5) -> Curves | None:
    """The curves of the searched trial of each configuration; none if nothing was reported."""
    study = subject.study
    trials = [(row, trial) for row in subject.rows if (trial := _trial(row)) is not None]
    best = {row.label: trial for row, trial in trials[:top] if row.delta_m is not None}
    others = (_points(trial, _DELTA_M) for _, trial in trials[len(best) :])
    if not best:
        return None
    primary = [METRICS[task][0] for task in study.tasks]
    single = reference(study, "val").mean
    return Curves(
        delta_m={label: _points(trial, _DELTA_M) for label, trial in best.items()},
        others=tuple(points for points in others if points),
        metrics={
            metric: {label: _points(trial, f"val/{metric.path}") for label, trial in best.items()}
            for metric in primary
        },
        single_task={metric: single[metric.path] for metric in primary},
    )


def draw_learning_curves(numbers: Curves) -> Drawing:
    count = len(numbers.metrics)
    rows = math.ceil(count / 2)
    figure = new_figure(height=3.2 + 1.9 * rows)
    grid = figure.add_gridspec(1 + rows, 2, height_ratios=[3.0, *[1.7] * rows])
    main = figure.add_subplot(grid[0, :])
    faint = min(0.5, max(0.03, 60 / (len(numbers.others) + 1)))  # a crowd shows its density
    crowd = LineCollection(numbers.others, colors=GREY, linewidths=0.5, alpha=faint)
    crowd.set_rasterized(True)
    main.add_collection(crowd)
    _draw_lines(main, numbers.delta_m, baseline=0.0)
    main.set_ylabel(GAIN_AXIS.format(split="val"))
    main.set_xlabel("epoch")
    for index, (metric, curves) in enumerate(numbers.metrics.items()):
        axes = figure.add_subplot(grid[1 + index // 2, index % 2])
        _draw_lines(axes, curves, baseline=numbers.single_task[metric])
        axes.set_title(f"{metric.task}: {metric_name(metric)}, val", fontsize=8)
        axes.set_xlabel("epoch")
    handles, labels = main.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, fontsize=7, frameon=False)
    return figure


def _draw_lines(axes: Axes, curves: Mapping[str, Points], *, baseline: float) -> None:
    for index, (label, points) in enumerate(curves.items()):
        axes.plot(*zip(*points, strict=True), label=label, linewidth=1.5,
                  color=PALETTE[index % len(PALETTE)])  # fmt: skip
    axes.axhline(baseline, color=INK, linewidth=0.9, linestyle="--", label="single-task")
    axes.autoscale_view()
    tidy(axes)


def _trial(row: RankedRow) -> TrialRecord | None:
    """The searched trial: as long and as lucky as those of the others."""
    reported = [trial for trial in row.trials if _points(trial, _DELTA_M)]
    return min(reported, key=lambda trial: trial.phase is not Phase.SEARCH, default=None)


def _points(trial: TrialRecord, name: str) -> Points:
    values = ((float(r.epoch), r.metrics.get(name, math.nan)) for r in trial.history)
    return tuple(point for point in values if math.isfinite(point[1]))
