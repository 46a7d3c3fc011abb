"""A number that is not known exactly: what to expect, and between what bounds."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Range:
    mean: float
    low: float
    high: float

    @classmethod
    def exact(cls, value: float) -> "Range":
        return cls(value, value, value)

    @classmethod
    def around(cls, mean: float, spread: float) -> "Range":
        """``mean`` plus and minus ``spread``, not below 0."""
        return cls(mean, max(0.0, mean - spread), mean + spread)

    @property
    def ends(self) -> tuple[float, float, float]:
        """Mean, low and high."""
        return self.mean, self.low, self.high

    def __add__(self, other: "Range") -> "Range":
        """All low together, or all high: wider than if they were independent."""
        return self._with(other, lambda a, b: a + b)

    def __mul__(self, other: "Range | float") -> "Range":
        """Of quantities that are not negative."""
        factor = other if isinstance(other, Range) else Range.exact(other)
        return self._with(factor, lambda a, b: a * b)

    def _with(self, other: "Range", join: Callable[[float, float], float]) -> "Range":
        return Range(*(join(a, b) for a, b in zip(self.ends, other.ends, strict=True)))
