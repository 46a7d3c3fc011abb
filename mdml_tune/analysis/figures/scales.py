"""Axes on which a searched parameter stands: even, log, or one place per option."""

import math
import textwrap
from collections.abc import Sequence
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from mdml_tune.analysis.numbers import tick
from mdml_tune.analysis.parameters import Column

_LONGEST = 20
"""Characters of an option's name below an axis."""

_LINE = 12
"""Characters of it on one line, where it has several words."""

_IN_A_ROW = 56
"""Characters that stand side by side over the whole width."""

_NAME = 24
"""Characters of a parameter's name below an axis of half the width; more are broken at a dot."""

_FEW_DECADES = 2.2
"""A log axis of fewer has ticks also at 3, 0.3, ..."""


def set_scale(axes: Axes, column: Column, which: Literal["x", "y"]) -> None:
    """Scale, ticks and name of one axis; to be called when everything is drawn."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    if not column.is_numeric:
        _set_options(axis, column.options)
    elif column.is_log:
        axes.set(**{f"{which}scale": "log"})
        numbers = [float(value) for value in column.held]
        ticks = log_ticks(min(numbers), max(numbers))
        axis.set_ticks(ticks, [tick(value) for value in ticks])
        axis.set_minor_locator(NullLocator())
    else:
        axis.set_major_locator(MaxNLocator(4, integer=column.is_whole))
        axis.set_major_formatter(FuncFormatter(_shown))
    axis.set_label_text(_name(column))


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten within the range, and three times them where these are few; else its ends."""
    steps = (1, 3) if math.log10(high / low) < _FEW_DECADES else (1,)
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = [step * 10.0**exponent for exponent in exponents for step in steps]
    return [value for value in found if low <= value <= high] or [low, high]


def _shown(value: float, _position: int) -> str:
    return tick(value)


def _name(column: Column) -> str:
    text = column.name + (" (log)" if column.is_log else "")
    return text if len(text) <= _NAME else ".\n".join(text.rsplit(".", 1))


def _set_options(axis: Axis, options: Sequence[str]) -> None:
    """Side by side, over several lines where that is enough; else turned."""
    names = [o if len(o) <= _LONGEST else f"{o[: _LONGEST - 1]}…" for o in options]
    lines = [textwrap.wrap(name, _LINE, break_long_words=False) for name in names]
    longest = max(len(line) for of_name in lines for line in of_name)
    if longest * len(names) <= _IN_A_ROW:
        axis.set_ticks(range(len(names)), ["\n".join(of_name) for of_name in lines])
    else:
        axis.set_ticks(range(len(names)), names)
        axis.set_tick_params(labelrotation=90)
