"""Points, rays, and what every body can be asked.

World frame: x to the right, y up, z ahead, metres; the floor is y = 0. Arithmetic is +, -, *, / and
sqrt alone, which IEEE 754 rounds alike everywhere.
"""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Faces = NDArray[np.int64]

TINY = 1e-12
"""Stands in for a zero that is divided by."""

X, Y, Z = range(3)
"""Numbers of the axes."""


class Point(NamedTuple):
    x: float
    y: float
    z: float


class Points(NamedTuple):
    """Many points or vectors, one array per axis."""

    x: Floats
    y: Floats
    z: Floats

    def at(self, indices: Indices) -> "Points":
        return Points(self.x[indices], self.y[indices], self.z[indices])


class Rays(NamedTuple):
    """Half-lines from one origin. The directions need no unit length: distances count in them."""

    origin: Point
    directions: Points

    def points(self, distances: Floats) -> Points:
        (ox, oy, oz), (dx, dy, dz) = self
        return Points(ox + distances * dx, oy + distances * dy, oz + distances * dz)


class Skin(NamedTuple):
    """What is to know about points on a surface."""

    normals: Points
    """Outward unit vectors."""

    u: Floats
    """Coordinates along the surface in metres, for its texture."""

    v: Floats


class Solid(Protocol):
    """A convex body."""

    @property
    def ball(self) -> tuple[Point, float]:
        """Centre and radius of a ball around the body."""
        ...

    def enter(self, rays: Rays) -> tuple[Floats, Faces]:
        """Distance at which each ray enters (infinite where it misses), and by which face."""
        ...

    def skin(self, points: Points, faces: Faces) -> Skin:
        """The surface at ``points`` on ``faces``."""
        ...


def slab(origin: float, direction: Floats, half: float) -> tuple[Floats, Floats]:
    """Distances to the planes at -half and +half of one axis."""
    steepness = 1 / np.where(direction == 0, TINY, direction)
    return (-half - origin) * steepness, (half - origin) * steepness
