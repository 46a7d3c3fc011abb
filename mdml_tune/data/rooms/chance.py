"""Chance that falls alike on every machine.

Only PCG64's own uniforms are drawn; everything else is +, -, * and / on them. The distributions of
``numpy.random`` are avoided, because their C code may round differently from compiler to compiler.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

Colour = tuple[float, float, float]
"""Red, green, blue in [0, 1]."""


class Turn(NamedTuple):
    """A rotation, as its cosine and sine."""

    cos: float
    sin: float

    @classmethod
    def of_half_tangent(cls, t: float) -> "Turn":
        """The turn by an angle a with tan(a / 2) = t: rational, so that no cosine is needed."""
        scale = 1 / (1 + t * t)
        return cls((1 - t * t) * scale, 2 * t * scale)


class Chance:
    """A stream of random choices."""

    def __init__(self, *seeds: int) -> None:
        self._generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seeds)))

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self._generator.random()

    def whole(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        return low + int(self._generator.random() * (high - low + 1))

    def happens(self, probability: float) -> bool:
        return self._generator.random() < probability

    def one_of(self, options: Sequence[T]) -> T:
        return options[self.whole(0, len(options) - 1)]

    def shuffled(self, options: Sequence[T]) -> list[T]:
        left = list(options)
        return [left.pop(self.whole(0, len(left) - 1)) for _ in options]

    def colour(self, low: Colour, high: Colour) -> Colour:
        r, g, b = (self.between(lo, hi) for lo, hi in zip(low, high, strict=True))
        return r, g, b

    def noise(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Nearly normal noise of variance 1: the centred sum of three uniforms, times two."""
        a, b, c = (self._generator.random(shape) for _ in range(3))
        return (a + b + c - 1.5) * 2
