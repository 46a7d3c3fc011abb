"""Points that stand for configurations: each can be pointed at, unless they are a crowd."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from mdml_tune.analysis.figures.crowd import drawn_of
from mdml_tune.analysis.figures.style import PALETTE, PAPER, Drawing, Mark
from mdml_tune.analysis.numbers import signed
from mdml_tune.analysis.ranking import RankedRow

Values_N = NDArray[np.float64]

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

    ``values`` are shown by colour; ``style`` is that of ``Axes.scatter``, one for all. Of too many
    points the best and a sample of the others are drawn (see ``crowd``).
    """
    shown = drawn_of(len(x))[::-1]
    colours = {} if values is None else {"c": values[shown]}
    options: Mapping[str, Any] = {**style, **colours}
    figure.tell(axes.scatter(x[shown], y[shown], **options), [marks[place] for place in shown])


def mark(row: RankedRow, *lines: str) -> Mark:
    """A configuration, its Δm, and what else there is to say of it."""
    return Mark(
        "\n".join((row.label, f"{signed(row.delta_m)} % Δm on {row.split}", *lines)), row.config_id
    )
