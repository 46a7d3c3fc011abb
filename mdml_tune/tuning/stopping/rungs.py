"""Rungs: epochs at which trials are measured against those that came there before them."""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field

from mdml_tune.tuning.stopping.merit import merits
from mdml_tune.tuning.stopping.rule import Point


def rung_epochs(grace: int, reduction: int, epochs: int) -> list[int]:
    """``grace``, then ``reduction`` times as much each; the last epoch ends a trial anyway."""
    found: list[int] = []
    rung = grace
    while rung < epochs:
        found.append(rung)
        rung *= reduction
    return found


@dataclass(slots=True)
class Rung:
    reduction: int
    """One in this many goes on."""
    keys: set[str] = field(default_factory=set[str])
    """Who has been here."""
    _ascending: list[float] = field(default_factory=list[float])
    """What they showed, where there is one objective."""
    _points: list[Point] = field(default_factory=list[Point])
    """What they showed, where there are several."""

    def enter(self, key: str, point: Point) -> bool:
        """Note what ``key`` showed; whether that is less than goes on. The first always goes on."""
        self.keys.add(key)
        if len(point) == 1:
            behind = bool(self._ascending) and point[0] < _quantile(self._ascending, self.reduction)
            insort(self._ascending, point[0])
            return behind
        self._points.append(point)
        return len(self._points) > 1 and self._last_is_behind()

    def _last_is_behind(self) -> bool:
        """Merits have an order but no distances: no cutoff lies between two of them."""
        *before, last = merits(self._points)
        before.sort(reverse=True)
        return last < before[(len(before) - 1) // self.reduction]


def _quantile(ascending: Sequence[float], reduction: int) -> float:
    """The (1 - 1/reduction) quantile, linear between two values.

    In whole numbers, so that a value which is the quantile is not put below it by rounding.
    """
    index, part = divmod((len(ascending) - 1) * (reduction - 1), reduction)
    low = ascending[index]
    if part == 0:
        return low
    return low + (ascending[index + 1] - low) * part / reduction
