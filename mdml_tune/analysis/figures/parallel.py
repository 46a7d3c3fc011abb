"""Which settings the good configurations share: one axis per searched parameter."""

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize

from mdml_tune.analysis.figures.crowd import drawn_of, who_is_drawn
from mdml_tune.analysis.figures.style import (
    GAIN_AXIS,
    INK,
    PAPER,
    SCALE,
    WIDTH,
    Drawing,
    Mark,
    new_figure,
)
from mdml_tune.analysis.frame import parameter_names
from mdml_tune.analysis.numbers import signed, tick
from mdml_tune.analysis.subject import Subject
from mdml_tune.records import Value

INACTIVE = -0.15
"""Where a configuration that lacks the parameter stands: below the axis."""

_DECADE = 10

_SHADES = 48
"""More cannot be told apart, and a colour bar of fewer than 50 is drawn as lines, not as a picture."""

"""Lines that are drawn of a large search: of the best, and in all."""

_LONGEST = 18
"""Characters of a setting's name beside its axis."""


@dataclass(frozen=True, slots=True)
class Axis:
    name: str
    positions: tuple[float, ...]
    """Of each configuration: 0 to 1 along the axis, or ``INACTIVE``."""
    ticks: tuple[tuple[float, str], ...]
    """Position and text, long ones shortened."""
    log: bool


@dataclass(frozen=True, slots=True)
class Parallel:
    axes: tuple[Axis, ...]
    delta_m: tuple[float, ...]
    """Gain in percent on val, of each configuration; the best first."""
    labels: tuple[str, ...]
    config_ids: tuple[str, ...]


def parallel_coordinates(subject: Subject) -> Parallel | None:
    """Every searched configuration with a Δm; none without two of them or without parameters."""
    rows = [row for row in subject.searched if row.delta_m is not None]
    names = parameter_names(subject.study)
    if any("method" in row.parameters for row in rows):
        names = ["method", *names]
    axes = [_axis(name, [row.parameters.get(name) for row in rows]) for name in names]
    varied = tuple(axis for axis in axes if len(set(axis.positions)) > 1)
    if not varied:
        return None
    return Parallel(
        axes=varied,
        delta_m=tuple(row.delta_m for row in rows if row.delta_m is not None),
        labels=tuple(row.label for row in rows),
        config_ids=tuple(row.config_id for row in rows),
    )


def draw_parallel_coordinates(numbers: Parallel) -> Drawing:
    count = len(numbers.axes)
    figure = new_figure(width=max(WIDTH, 1.0 * count + 1.2), height=3.6)
    axes = figure.add_subplot()
    colours = ScalarMappable(Normalize(), mpl.colormaps[SCALE].resampled(_SHADES))
    colours.set_array(numbers.delta_m)
    colours.autoscale()
    _draw_lines(figure, axes, numbers, colours)
    for index, axis in enumerate(numbers.axes):
        _draw_axis(axes, index, axis)
    axes.set_xlim(-0.35, count - 0.65)
    axes.set_ylim(INACTIVE - 0.08, 1.08)
    axes.set_yticks([])
    names = [_broken(axis.name) + ("\n(log)" if axis.log else "") for axis in numbers.axes]
    axes.set_xticks(range(count), names, fontsize=8)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    bar = figure.colorbar(colours, ax=axes, pad=0.02)
    bar.solids.set_edgecolor("face")  # pyright: ignore[reportOptionalMemberAccess] (no seams)
    bar.set_label(GAIN_AXIS.format(split="val"), size=9)
    bar.ax.tick_params(labelsize=8.5)
    return figure


def _draw_lines(figure: Drawing, axes: Axes, numbers: Parallel, colours: ScalarMappable) -> None:
    count = len(numbers.delta_m)
    drawn = drawn_of(count)[::-1]  # the best on top
    heights = np.array([axis.positions for axis in numbers.axes]).T[drawn]
    places = np.tile(np.arange(len(numbers.axes)), (len(drawn), 1))
    lines = LineCollection(list(np.stack([places, heights], axis=-1)), linewidths=1.1, alpha=0.8,
                           colors=colours.to_rgba(np.array(numbers.delta_m)[drawn]))  # fmt: skip
    axes.add_collection(lines)
    figure.tell(lines, [_mark(numbers, member) for member in drawn])
    axes.set_title(who_is_drawn(count), fontsize=8)


def _mark(numbers: Parallel, member: int) -> Mark:
    gain = f"{signed(numbers.delta_m[member])} % Δm on val"
    return Mark(f"{numbers.labels[member]}\n{gain}", numbers.config_ids[member])


def _draw_axis(axes: Axes, index: int, axis: Axis) -> None:
    axes.plot([index, index], [0, 1], color=INK, linewidth=0.8)
    box = {"facecolor": PAPER, "edgecolor": "none", "alpha": 0.75, "pad": 0.6}
    inactive = ((INACTIVE, "off"),) if INACTIVE in axis.positions else ()
    for position, text in (*axis.ticks, *inactive):
        axes.text(index + 0.04, position, text, fontsize=8, va="center", bbox=box)


def _axis(name: str, values: Sequence[Value]) -> Axis:
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if numbers and len(numbers) == sum(value is not None for value in values):
        return _numeric_axis(name, values, min(numbers), max(numbers))
    texts = sorted({str(value) for value in values if value is not None})
    spread = max(len(texts) - 1, 1)
    place = {text: index / spread for index, text in enumerate(texts)}
    positions = tuple(INACTIVE if value is None else place[str(value)] for value in values)
    return Axis(name, positions, tuple((at, _short(text)) for text, at in place.items()), log=False)


def _numeric_axis(name: str, values: Sequence[Value], low: float, high: float) -> Axis:
    log = low > 0 and high > _DECADE * low
    scale = np.log if log else np.asarray
    start, length = float(scale(low)), float(scale(high)) - float(scale(low))

    def at(value: float) -> float:
        return (float(scale(value)) - start) / length if length else 0.5

    positions = tuple(INACTIVE if value is None else at(float(value)) for value in values)
    middle = (low * high) ** 0.5 if log else (low + high) / 2
    return Axis(name, positions, tuple((at(v), tick(v)) for v in dict.fromkeys((low, middle, high))), log=log)  # fmt: skip


def _broken(name: str) -> str:
    """A dotted path over several lines, so that long ones fit beside each other."""
    return name.replace(".", ".\n").replace("_", "_\n")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
