"""One trial trained twice: the recorded curves, and upon them those of the new run."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mdml_tune.analysis.figures.style import INK, PALETTE, Drawing, new_figure, tidy
from mdml_tune.records import TrialRecord

Points = tuple[tuple[float, float], ...]
"""Epoch and value, in order."""


@dataclass(frozen=True, slots=True)
class Overlay:
    curves: Mapping[str, tuple[Points, Points]]
    """Metric -> its recorded curve, and that of the new run."""


def overlay(recorded: TrialRecord, again: TrialRecord, metrics: Sequence[str]) -> Overlay:
    """The curves of those ``metrics`` that were recorded."""
    both = {name: (_points(recorded, name), _points(again, name)) for name in metrics}
    return Overlay({name: curves for name, curves in both.items() if curves[0]})


def draw_overlay(numbers: Overlay) -> Drawing:
    figure = new_figure(height=0.4 + 2.2 * max(1, len(numbers.curves)))
    grid = figure.add_gridspec(max(1, len(numbers.curves)), 1)
    for place, (name, (recorded, again)) in enumerate(numbers.curves.items()):
        axes = figure.add_subplot(grid[place, 0])
        wide, thin = _columns(recorded), _columns(again)
        axes.plot(*wide, label="recorded", color=PALETTE[5], linewidth=4.0, alpha=0.7)
        axes.plot(*thin, label="reproduced", color=INK, linewidth=1.1, linestyle="--",
                  marker="o", markersize=2.5)  # fmt: skip
        axes.set_ylabel(name)
        axes.set_xlabel("epoch")
        tidy(axes)
        if place == 0:
            axes.legend(fontsize=7, frameon=False)
    return figure


def _points(trial: TrialRecord, name: str) -> Points:
    values = ((float(r.epoch), r.metrics.get(name, math.nan)) for r in trial.history)
    return tuple(point for point in values if math.isfinite(point[1]))


def _columns(points: Points) -> tuple[list[float], list[float]]:
    return [epoch for epoch, _ in points], [value for _, value in points]
