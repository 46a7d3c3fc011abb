"""Where tasks compete: what each configuration gains in two objectives at a time."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from mdml_tune.analysis.figures.points import Values_N, mark, scatter
from mdml_tune.analysis.figures.style import (
    GREY,
    INK,
    PALETTE,
    PAPER,
    Drawing,
    new_figure,
    tidy,
)
from mdml_tune.analysis.numbers import signed
from mdml_tune.analysis.parameters import full_length
from mdml_tune.analysis.pareto import DELTA_M, objectives, value_of
from mdml_tune.analysis.ranking import Group, RankedRow
from mdml_tune.analysis.subject import Subject
from mdml_tune.pareto import front as unbeaten
from mdml_tune.records import StudyRecord

MOST = 6
"""Panels: more pairs of objectives than these cannot be taken in at once."""

_FEWEST = 3
"""Configurations without which there is no trade-off to see."""


@dataclass(frozen=True, slots=True)
class Front:
    objectives: tuple[str, ...]
    """Those of the study where it has several, else the gain of every task (percent)."""
    on_front: tuple[RankedRow, ...]
    """Searched configurations of full length that none beats in all objectives, on val."""
    beaten: tuple[RankedRow, ...]
    """The other ones."""
    confirmed: tuple[RankedRow, ...]
    """On test."""
    pairs: tuple[tuple[str, str], ...]
    """Of objectives: those that compete most, the most competing first."""


def front(subject: Subject) -> Front | None:
    """None for a study of one task, and where fewer than ``_FEWEST`` were trained to their end."""
    if len(subject.study.tasks) == 1:
        return None
    rows = full_length(subject.searched)
    if len(rows) < _FEWEST:
        return None
    named = _objectives(subject.study)
    best = set(unbeaten([[value_of(row, name) for name in named] for row in rows]))
    return Front(
        objectives=named,
        on_front=tuple(row for place, row in enumerate(rows) if place in best),
        beaten=tuple(row for place, row in enumerate(rows) if place not in best),
        confirmed=tuple(row for row in subject.rows if row.group is Group.CONFIRMED),
        pairs=competing_pairs(named, rows),
    )


def _objectives(study: StudyRecord) -> tuple[str, ...]:
    """Those of the study where it has several, else the gain of every task."""
    named = objectives(study)
    return named if len(named) > 1 else tuple(f"{DELTA_M}/{task}" for task in study.tasks)


def competing_pairs(named: Sequence[str], rows: Sequence[RankedRow]) -> tuple[tuple[str, str], ...]:
    """At most ``MOST`` pairs, by the rank correlation of their gains: the most negative first."""
    pairs = list(combinations(named, 2))
    if len(pairs) > MOST:
        ranks = {name: np.argsort(np.argsort(_gains(rows, name))) for name in named}
        pairs.sort(key=lambda pair: float(np.corrcoef(ranks[pair[0]], ranks[pair[1]])[0, 1]))
    return tuple(pairs[:MOST])


def draw_front(numbers: Front) -> Drawing:
    across = min(2, len(numbers.pairs))
    down = math.ceil(len(numbers.pairs) / across)
    figure = new_figure(height=0.9 + (2.5 if across > 1 else 3.4) * down)
    grid = figure.add_gridspec(down, across)
    for place, pair in enumerate(numbers.pairs):
        axes = figure.add_subplot(grid[divmod(place, across)])
        _draw_pair(figure, axes, numbers, pair)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=2, fontsize=8, frameon=False,
                  title=_which(numbers), title_fontsize=8, alignment="left")  # fmt: skip
    return figure


def _which(numbers: Front) -> str | None:
    count, pairs = len(numbers.objectives), len(numbers.pairs)
    total = count * (count - 1) // 2
    return f"the {pairs} of {total} pairs that compete most" if pairs < total else None


def _draw_pair(figure: Drawing, axes: Axes, numbers: Front, pair: tuple[str, str]) -> None:
    axes.axhline(0, color=INK, linewidth=0.9, linestyle="--", label="single-task")
    axes.axvline(0, color=INK, linewidth=0.9, linestyle="--")
    axes.plot(*edge(*_points([*numbers.on_front, *numbers.beaten], pair)), color=PALETTE[0],
              linewidth=1.2, label="front of these two, val")  # fmt: skip
    groups: tuple[tuple[Sequence[RankedRow], Mapping[str, Any]], ...] = (
        (numbers.beaten, {"label": "searched, val", "s": 16, "color": GREY, "alpha": 0.7}),
        (numbers.on_front, {"label": "on the front of all, val", "s": 24, "color": PALETTE[0]}),
        (numbers.confirmed, {"label": "confirmed, test", "s": 42, "color": PALETTE[1],
                             "marker": "D", "edgecolors": PAPER}),
    )  # fmt: skip
    for rows, style in groups:
        marks = [mark(row, *_told(row, numbers.objectives)) for row in rows]
        if rows:
            scatter(figure, axes, *_points(rows, pair), marks, linewidths=0.8, **style)
    axes.set_xlabel(_axis(pair[0]))
    axes.set_ylabel(_axis(pair[1]))
    tidy(axes)


def edge(x: Values_N, y: Values_N) -> tuple[Values_N, Values_N]:
    """The border of what is beaten: steps through the points that none beats in both values."""
    order = np.lexsort((y, x))[::-1]
    best = np.maximum.accumulate(y[order])
    first = np.append(True, y[order][1:] > best[:-1])
    corners = order[first]  # from the right to the left, upwards
    return np.repeat(x[corners], 2)[1:], np.repeat(y[corners], 2)[:-1]


def _points(rows: Sequence[RankedRow], pair: tuple[str, str]) -> tuple[Values_N, Values_N]:
    return _gains(rows, pair[0]), _gains(rows, pair[1])


def _gains(rows: Sequence[RankedRow], objective: str) -> Values_N:
    return np.array([value_of(row, objective) for row in rows])


def _told(row: RankedRow, objectives: Sequence[str]) -> list[str]:
    named = [name for name in objectives if name != DELTA_M]
    return [f"{name.removeprefix(f'{DELTA_M}/')} {signed(value_of(row, name))} %" for name in named]


def _axis(objective: str) -> str:
    task = objective.removeprefix(DELTA_M).removeprefix("/")
    return f"Δ {task} [%] ↑" if task else "Δm gain [%] ↑"
