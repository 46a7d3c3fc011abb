"""How the configurations learnt: Δm by epoch, and each task's primary metric beside it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D

from mdml_tune.analysis.figures.crowd import drawn_of
from mdml_tune.analysis.figures.single_task import Band, delta_m_band, metric_band
from mdml_tune.analysis.figures.style import (
    GAIN_AXIS,
    GREY,
    INK,
    PALETTE,
    SHADE,
    Drawing,
    Mark,
    new_figure,
    tidy,
)
from mdml_tune.analysis.numbers import metric_name, signed, tick
from mdml_tune.analysis.ranking import RankedRow
from mdml_tune.analysis.subject import Subject
from mdml_tune.records import Phase, TrialRecord
from mdml_tune.tasks import METRICS, Metric

Points = tuple[tuple[float, float], ...]
"""Epoch and value, in order."""

_DELTA_M = "val/delta_m"

_MOST_OTHERS = 150
"""Lines behind the best configurations."""

_TWO_COLUMNS = 26
"""Characters of a name that leave room for another beside it in the legend."""


@dataclass(frozen=True, slots=True)
class Curve:
    label: str
    config_id: str
    points: Points


@dataclass(frozen=True, slots=True)
class Panel:
    """Curves of one quantity on val."""

    curves: tuple[Curve, ...]
    """Of the best configurations, in the order of the ranking."""
    single_task: Band
    """What the single-task networks reach in their last epoch."""


@dataclass(frozen=True, slots=True)
class Curves:
    delta_m: Panel
    """Gain, percent."""
    others: tuple[Curve, ...]
    """Δm of all other configurations."""
    metrics: Mapping[Metric, Panel]
    """Each task's primary metric."""


def learning_curves(subject: Subject, top: int = 5) -> Curves | None:
    """The curves of the searched trial of each configuration; none if nothing was reported."""
    study = subject.study
    trials = [(row, trial) for row in subject.rows if (trial := _trial(row)) is not None]
    best = [(row, trial) for row, trial in trials[:top] if row.delta_m is not None]
    if not best:
        return None
    shown = {row.config_id for row, _ in best}
    others = (_curve(row, trial, _DELTA_M) for row, trial in trials if row.config_id not in shown)
    return Curves(
        delta_m=Panel(
            tuple(_curve(row, trial, _DELTA_M) for row, trial in best), delta_m_band(study)
        ),
        others=tuple(others),
        metrics={
            metric: Panel(
                tuple(_curve(row, trial, f"val/{metric.path}") for row, trial in best),
                metric_band(study, metric),
            )
            for metric in (METRICS[task][0] for task in study.tasks)
        },
    )


def draw_learning_curves(numbers: Curves) -> Drawing:
    rows = math.ceil(len(numbers.metrics) / 2)
    figure = new_figure(height=3.4 + 1.7 * rows)
    grid = figure.add_gridspec(1 + rows, 2, height_ratios=[3.0, *[1.7] * rows])
    main = figure.add_subplot(grid[0, :])
    _draw_others(figure, main, numbers.others)
    lines = _draw_panel(figure, main, numbers.delta_m, " % Δm")
    main.set_ylim(*_limits(numbers.delta_m, numbers.others))
    main.set_ylabel(GAIN_AXIS.format(split="val"))
    main.set_xlabel("epoch")
    for index, (metric, panel) in enumerate(numbers.metrics.items()):
        axes = figure.add_subplot(grid[1 + index // 2, index % 2])
        _draw_panel(figure, axes, panel, f" {metric.path}")
        axes.set_ylim(*_limits(panel))
        axes.set_title(f"{metric.task}: {metric_name(metric)}, val", fontsize=9)
        axes.set_xlabel("epoch")
    _draw_legend(figure, lines, numbers.delta_m.curves)
    return figure


def _draw_others(figure: Drawing, axes: Axes, others: Sequence[Curve]) -> None:
    shown = [others[place] for place in drawn_of(len(others), 0, _MOST_OTHERS)]
    lines = LineCollection([c.points for c in shown], colors=GREY, linewidths=0.6, alpha=0.5)
    axes.add_collection(lines)
    figure.tell(lines, [_mark(curve, " % Δm") for curve in shown])
    if len(shown) < len(others):
        title = f"grey: {len(shown)} of the {len(others):,} others, spread evenly over their ranks"
        axes.set_title(title, fontsize=8)


def _draw_panel(figure: Drawing, axes: Axes, panel: Panel, unit: str) -> list[Line2D]:
    """The lines of the curves, and last that of the single-task networks."""
    band = panel.single_task
    axes.axhspan(band.low, band.high, color=SHADE, zorder=0.5)
    lines: list[Line2D] = []
    for index, curve in enumerate(panel.curves):
        colour = PALETTE[index % len(PALETTE)]
        epochs, values = [at for at, _ in curve.points], [value for _, value in curve.points]
        lines += axes.plot(epochs, values, linewidth=1.5, color=colour)
        figure.tell(lines[-1], [_mark(curve, unit)])
    single = axes.axhline(band.mean, color=INK, linewidth=0.9, linestyle="--")
    tidy(axes)
    return [*lines, single]


def _limits(panel: Panel, others: Sequence[Curve] = ()) -> tuple[float, float]:
    """What is worth the room: the best but for their first quarter, and where most others end."""
    last = max((curve.points[-1][0] for curve in panel.curves if curve.points), default=0.0)
    late = (v for curve in panel.curves for epoch, v in curve.points if epoch >= last / 4)
    ends = sorted(curve.points[-1][1] for curve in others if curve.points)
    most = ends[len(ends) // 4 :]
    values = [*late, *most, panel.single_task.low, panel.single_task.high]
    margin = 0.06 * (max(values) - min(values)) or 1.0
    return min(values) - margin, max(values) + margin


def _draw_legend(figure: Drawing, lines: Sequence[Line2D], curves: Sequence[Curve]) -> None:
    """Its entries stand for the configurations too: who points at one sees the curves."""
    labels = [*(curve.label for curve in curves), "single-task (grey: seeds)"]
    columns = 2 if max(map(len, labels)) <= _TWO_COLUMNS else 1
    legend = figure.legend(lines, labels, loc="outside upper left", ncols=columns, fontsize=8,
                           frameon=False)  # fmt: skip
    entries = zip(curves, legend.get_lines(), legend.get_texts(), strict=False)
    for curve, line, text in entries:
        for part in (line, text):
            figure.tell(part, [_mark(curve, " % Δm")])


def _mark(curve: Curve, unit: str) -> Mark:
    if not curve.points:
        return Mark(curve.label, curve.config_id)
    epoch, value = curve.points[-1]
    amount = signed(value) if unit.startswith(" %") else tick(value)
    return Mark(f"{curve.label}\n{amount}{unit} on val in epoch {epoch:.0f}", curve.config_id)


def _trial(row: RankedRow) -> TrialRecord | None:
    """The searched trial: as long and as lucky as those of the others."""
    reported = [trial for trial in row.trials if _points(trial, _DELTA_M)]
    return min(reported, key=lambda trial: trial.phase is not Phase.SEARCH, default=None)


def _curve(row: RankedRow, trial: TrialRecord, name: str) -> Curve:
    return Curve(row.label, row.config_id, _points(trial, name))


def _points(trial: TrialRecord, name: str) -> Points:
    values = ((float(r.epoch), r.metrics.get(name, math.nan)) for r in trial.history)
    return tuple(point for point in values if math.isfinite(point[1]))
