"""Points that stand for configurations: each can be pointed at, unless they are a crowd."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from numpy.typing import NDArray

from mdml_tune.analysis.figures.style import CROWD, PALETTE, PAPER, Drawing, Mark
from mdml_tune.analysis.numbers import signed
from mdml_tune.analysis.ranking import RankedRow

Values_N = NDArray[np.float64]

TOLD = 20
"""Of a crowd so many of the best can still be pointed at."""

STAR: Mapping[str, Any] = {
    "marker": "*",
    "s": 110,
    "color": PALETTE[1],
    "edgecolors": PAPER,
    "linewidths": 0.8,
}
"""How the leading configuration is drawn, in every figure."""


def scatter(
    figure: Drawing,
    axes: Axes,
    x: Values_N,
    y: Values_N,
    marks: Sequence[Mark],
    values: Values_N | None = None,
    **style: object,
) -> None:
    """One point per configuration, given best first; the best are drawn on top.

    ``values`` are shown by colour; ``style`` is that of ``Axes.scatter``, one for all. Of more than ``CROWD`` points the others are
    one picture, through which one sees how dense they are.
    """
    best = slice(len(x) if len(x) <= CROWD else TOLD)
    rest = slice(best.stop, None)

    def draw(part: slice, **more: object) -> PathCollection:
        colours = {} if values is None else {"c": values[part][::-1]}
        options: Mapping[str, Any] = {**style, **colours, **more}
        return axes.scatter(x[part][::-1], y[part][::-1], **options)

    if len(x[rest]):
        draw(rest, rasterized=True, alpha=0.35, label=None)
    figure.tell(draw(best), marks[best][::-1])


def mark(row: RankedRow, *lines: str) -> Mark:
    """A configuration, its Δm, and what else there is to say of it."""
    return Mark(
        "\n".join((row.label, f"{signed(row.delta_m)} % Δm on {row.split}", *lines)), row.config_id
    )
