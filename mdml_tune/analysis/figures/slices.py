"""Δm against each searched parameter, one panel each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from mdml_tune.analysis.figures.crowd import who_is_drawn
from mdml_tune.analysis.figures.points import STAR, mark, scatter
from mdml_tune.analysis.figures.scales import set_scale
from mdml_tune.analysis.figures.style import GAIN_AXIS, INK, PALETTE, Drawing, new_figure, tidy
from mdml_tune.analysis.numbers import tick
from mdml_tune.analysis.parameters import Column, Values_N, columns, full_length
from mdml_tune.analysis.ranking import Group, RankedRow
from mdml_tune.analysis.subject import Subject

_GOLDEN = (5**0.5 - 1) / 2

FEWEST = 5
"""Configurations without which a panel says nothing."""

_BESIDE = 18
"""Characters of the options of a panel that takes half the width."""


@dataclass(frozen=True, slots=True)
class Slices:
    rows: tuple[RankedRow, ...]
    """Searched configurations of full length, in the order of the ranking."""
    parameters: tuple[Column, ...]
    """Of ``rows``: those that can be seen to do something."""
    too_few: tuple[str, ...]
    """Names of those that fewer than ``FEWEST`` configurations have."""
    stopped: int
    """Early-stopped configurations: of another length, and therefore not among ``rows``."""


def slices(subject: Subject) -> Slices | None:
    """None where no parameter differs among enough configurations of full length.

    Options that each stand in one configuration are that configuration's name, and not a setting.
    """
    rows = full_length(subject.searched)
    parameters = [
        c for c in columns(subject.study, rows) if c.is_numeric or len(c.options) < len(c.holders)
    ]
    shown = tuple(column for column in parameters if len(column.holders) >= FEWEST)
    if not shown:
        return None
    return Slices(
        rows=rows,
        parameters=shown,
        too_few=tuple(column.name for column in parameters if column not in shown),
        stopped=sum(row.group is Group.PRUNED for row in subject.searched),
    )


def draw_slices(numbers: Slices) -> Drawing:
    lines = _lines(numbers.parameters)
    figure = new_figure(height=0.8 + 1.95 * len(lines))
    grid = figure.add_gridspec(len(lines), 2)
    gains = np.array([row.delta_m or 0.0 for row in numbers.rows])
    for down, line in enumerate(lines):
        for across, column in enumerate(line):
            place = grid[down, :] if _is_wide(column) else grid[down, across]
            axes = figure.add_subplot(place, sharey=figure.axes[0] if figure.axes else None)
            _draw_slice(figure, axes, numbers.rows, column, gains)
    figure.supylabel(GAIN_AXIS.format(split="val"), fontsize=9)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=2, fontsize=8, frameon=False,
                  title=_who(numbers), title_fontsize=8, alignment="left")  # fmt: skip
    return figure


def spread(count: int) -> Values_N:
    """To either side of an option, so that points do not cover each other: -0.25 to 0.25.

    The fractional parts of multiples of the golden ratio leave no gap and no heap.
    """
    return (np.arange(count) * _GOLDEN) % 1 / 2 - 0.25


def _is_wide(column: Column) -> bool:
    return not column.is_numeric and sum(map(len, column.options)) > _BESIDE


def _lines(parameters: Sequence[Column]) -> list[list[Column]]:
    """Wide panels alone, the others two by two."""
    wide = [[column] for column in parameters if _is_wide(column)]
    rest = [column for column in parameters if not _is_wide(column)]
    return [*wide, *(rest[place : place + 2] for place in range(0, len(rest), 2))]


def _who(numbers: Slices) -> str:
    """And what is not shown, with its reason."""
    text = f"{len(numbers.rows)} configurations of full length"
    text += f" ({numbers.stopped} early-stopped are not shown)" if numbers.stopped else ""
    text += f"\n{drawn}" if (drawn := who_is_drawn(len(numbers.rows))) else ""
    few = f"\nin too few to be shown: {', '.join(numbers.too_few)}" if numbers.too_few else ""
    return text + few


def _draw_slice(
    figure: Drawing, axes: Axes, rows: Sequence[RankedRow], column: Column, gains: Values_N
) -> None:
    places = list(column.holders)
    x, y = column.numbers(places), gains[places]
    if not column.is_numeric:
        x = x + spread(len(x))
    marks = [mark(rows[place], f"{column.name} = {_value(column, place)}") for place in places]
    axes.axhline(0, color=INK, linewidth=0.9, linestyle="--", label="single-task")
    scatter(figure, axes, x, y, marks, s=16, color=PALETTE[0], alpha=0.6, linewidths=0,
            label="configuration")  # fmt: skip
    star = axes.scatter(x[:1], y[:1], label="leading one of those that have it", **STAR)
    figure.tell(star, marks[:1])
    set_scale(axes, column, "x")
    if len(places) < len(rows):
        axes.set_xlabel(f"{axes.get_xlabel()}\n{len(places)} of {len(rows)} have it")
    tidy(axes)


def _value(column: Column, place: int) -> str:
    value = column.values[place]
    return tick(float(value)) if column.is_numeric and value is not None else str(value)
