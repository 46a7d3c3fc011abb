"""Δm over two parameters at once: the two that explain most."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from numpy.typing import NDArray

from mdml_tune.analysis.figures.points import STAR, mark, scatter
from mdml_tune.analysis.figures.scales import set_scale
from mdml_tune.analysis.figures.style import GAIN_AXIS, INK, PAPER, SCALE, Drawing, new_figure, tidy
from mdml_tune.analysis.importance import explained
from mdml_tune.analysis.numbers import tick
from mdml_tune.analysis.parameters import Column, Values_N, columns, full_length
from mdml_tune.analysis.ranking import RankedRow
from mdml_tune.analysis.subject import Subject

FEWEST = 12
"""Points without which a surface would be invented."""

_VALUES = 3
"""Different ones of each parameter: with two there is nothing between them to see."""

_GRID = 60
"""Lines of the surface, each way."""

NEAR = 0.5
"""Where the weights nearby add up to less, nothing is drawn: no point is within 1.2 kernel widths."""

_LEVELS = 9

_SHADES = 48
"""More cannot be told apart, and a colour bar of fewer than 50 is drawn as lines, not as a picture."""

Values_GG = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Contours:
    rows: tuple[RankedRow, ...]
    """Configurations of full length that have both parameters, the best first."""
    x: Column
    y: Column
    """Of ``rows``."""
    surface: Values_GG
    """Δm (gain, percent, val), smoothed; rows along y, columns along x, from the lowest to the
    highest value seen, log where the parameter is."""
    support: Values_GG
    """Sum of the weights of the configurations nearby: below ``NEAR`` the surface is a guess."""


def contours(subject: Subject) -> Contours | None:
    """None where no two numeric parameters stand together in ``FEWEST`` configurations."""
    rows = full_length(subject.searched)
    pair = _most_important_pair(columns(subject.study, rows), rows)
    if pair is None:
        return None
    places = [place for place in pair[0].holders if pair[1].values[place] is not None]
    shown = tuple(rows[place] for place in places)
    x, y = (_only(column, places) for column in pair)
    gains = np.array([row.delta_m or 0.0 for row in shown])
    points_N2 = np.stack([_shares(x), _shares(y)], axis=1)
    return Contours(shown, x, y, *smoothed(points_N2, gains))


def smoothed(points_N2: Values_N, gains: Values_N) -> tuple[Values_GG, Values_GG]:
    """A weighted mean of the gains nearby on a grid over [0, 1]², and the sum of the weights.

    A kernel regression (Nadaraya 1964, Watson 1964): it passes by single points, whose noise it
    averages, and never leaves the range of the gains. The kernel's width is Scott's rule in two
    dimensions (1992), of points spread evenly.
    """
    width = 12**-0.5 * len(gains) ** (-1 / 6)
    grid_G = np.linspace(0, 1, _GRID)
    x_GN, y_GN = (np.exp(-((grid_G[:, None] - at_N) ** 2) / (2 * width**2)) for at_N in points_N2.T)
    weight_GG = y_GN @ x_GN.T
    sum_GG = (y_GN * gains) @ x_GN.T
    return sum_GG / weight_GG, weight_GG


def draw_contours(numbers: Contours) -> Drawing:
    figure = new_figure(height=3.9)
    axes = figure.add_subplot()
    x, y = (column.numbers(range(len(numbers.rows))) for column in (numbers.x, numbers.y))
    gains = np.array([row.delta_m or 0.0 for row in numbers.rows])
    colours = ScalarMappable(
        Normalize(gains.min(), gains.max()), mpl.colormaps[SCALE].resampled(_SHADES)
    )
    _draw_surface(axes, numbers, colours)
    marks = [
        mark(row, f"{numbers.x.name} = {tick(at)}", f"{numbers.y.name} = {tick(up)}")
        for row, at, up in zip(numbers.rows, x, y, strict=True)
    ]
    scatter(figure, axes, x, y, marks, gains, cmap=colours.cmap, norm=colours.norm, s=30,
            edgecolors=PAPER, linewidths=0.8, zorder=3)  # fmt: skip
    star = axes.scatter(x[:1], y[:1], zorder=4, **STAR)
    figure.tell(star, marks[:1])
    set_scale(axes, numbers.x, "x")
    set_scale(axes, numbers.y, "y")
    axes.use_sticky_edges = False  # room for the points at the edges of the surface
    axes.margins(0.04)
    axes.autoscale_view()
    bar = figure.colorbar(colours, ax=axes, pad=0.02)
    bar.solids.set_edgecolor("face")  # pyright: ignore[reportOptionalMemberAccess] (no seams)
    bar.set_label(GAIN_AXIS.format(split="val"), size=9)
    bar.ax.tick_params(labelsize=8.5)
    tidy(axes)
    axes.grid(visible=False)
    return figure


def _draw_surface(axes: Axes, numbers: Contours, colours: ScalarMappable) -> None:
    """What no configuration is near to is papered over."""
    grid = (_grid(numbers.x), _grid(numbers.y))
    surface = axes.contourf(*grid, numbers.surface, levels=_LEVELS, cmap=colours.cmap,
                            norm=colours.norm)  # fmt: skip
    axes.contour(surface, colors=INK, linewidths=0.4, alpha=0.5)
    axes.contourf(*grid, numbers.support, levels=[0, NEAR], colors=PAPER, zorder=2.5)


def _most_important_pair(
    parameters: Sequence[Column], rows: Sequence[RankedRow]
) -> tuple[Column, Column] | None:
    weight = explained(parameters, [row.delta_m or 0.0 for row in rows])
    numeric = [c for c in parameters if c.is_numeric and c.name in weight]
    # What chance explains is inversely proportional to the number of configurations, roughly.
    sure = {column.name: weight[column.name] * len(column.holders) for column in numeric}
    pairs = [pair for pair in combinations(numeric, 2) if _stand_together(*pair)]
    return max(pairs, key=lambda pair: sum(sure[c.name] for c in pair), default=None)


def _stand_together(one: Column, other: Column) -> bool:
    """In enough configurations, and each with values enough for a surface."""
    both = [p for p in one.holders if other.values[p] is not None]
    differ = (len({column.values[place] for place in both}) for column in (one, other))
    return len(both) >= FEWEST and min(differ) >= _VALUES


def _only(column: Column, places: Sequence[int]) -> Column:
    return replace(column, values=tuple(column.values[place] for place in places))


def _shares(column: Column) -> Values_N:
    """Where each value stands on its axis, from 0 to 1."""
    numbers = column.numbers(range(len(column.values)))
    scaled = np.log(numbers) if column.is_log else numbers
    return (scaled - scaled.min()) / np.ptp(scaled)


def _grid(column: Column) -> Values_N:
    numbers = column.numbers(range(len(column.values)))
    space = np.geomspace if column.is_log else np.linspace
    return space(numbers.min(), numbers.max(), _GRID)
