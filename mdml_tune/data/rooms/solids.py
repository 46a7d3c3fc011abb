"""The bodies that scenes are made of, and where a ray meets them.

All are convex and stand upright, and each of their faces is smooth.
"""

from dataclasses import dataclass

import numpy as np

from mdml_tune.data.rooms.chance import Turn
from mdml_tune.data.rooms.geometry import (
    TINY,
    Faces,
    Floats,
    Point,
    Points,
    Rays,
    Skin,
    X,
    Y,
    Z,
    slab,
)


@dataclass(frozen=True, slots=True)
class Box:
    """An upright box, turned about the vertical. Faces: -x, +x, -y, +y, -z, +z of its own axes."""

    centre: Point
    half: Point
    """Half its width, height and depth."""
    turn: Turn

    @property
    def ball(self) -> tuple[Point, float]:
        x, y, z = self.half
        return self.centre, float(np.sqrt(x * x + y * y + z * z))

    def enter(self, rays: Rays) -> tuple[Floats, Faces]:
        origin, directions = self._inside(rays.origin), self._turned_back(rays.directions)
        near: list[Floats] = []
        far: list[Floats] = []
        for o, d, half in zip(origin, directions, self.half, strict=True):
            one, other = slab(o, d, half)
            near.append(np.minimum(one, other))
            far.append(np.maximum(one, other))
        entry = np.maximum(np.maximum(near[0], near[1]), near[2])
        leave = np.minimum(np.minimum(far[0], far[1]), far[2])
        axis = np.where(near[0] == entry, 0, np.where(near[1] == entry, 1, 2))
        along = np.where(axis == X, directions.x, np.where(axis == Y, directions.y, directions.z))
        hit = (entry < leave) & (entry > 0)
        return np.where(hit, entry, np.inf), 2 * axis + (along < 0)

    def skin(self, points: Points, faces: Faces) -> Skin:
        cos, sin = self.turn
        own = self._turned_back(
            Points(points.x - self.centre.x, points.y - self.centre.y, points.z - self.centre.z)
        )
        axis = faces >> 1
        sign = 2.0 * (faces & 1) - 1
        sideways, ahead = np.where(axis == X, sign, 0.0), np.where(axis == Z, sign, 0.0)
        normals = Points(
            cos * sideways + sin * ahead,
            np.where(axis == Y, sign, 0.0),
            cos * ahead - sin * sideways,
        )
        return Skin(normals, np.where(axis == X, own.z, own.x), np.where(axis == Y, own.z, own.y))

    def _inside(self, point: Point) -> Point:
        """``point`` in the box's own axes."""
        cos, sin = self.turn
        x, y, z = point.x - self.centre.x, point.y - self.centre.y, point.z - self.centre.z
        return Point(cos * x - sin * z, y, sin * x + cos * z)

    def _turned_back(self, vectors: Points) -> Points:
        cos, sin = self.turn
        x, y, z = vectors
        return Points(cos * x - sin * z, y, sin * x + cos * z)


@dataclass(frozen=True, slots=True)
class Frustum:
    """An upright cylinder or cut cone. Faces: 0 its side, 1 its bottom, 2 its top."""

    foot: Point
    """Centre of the bottom."""
    height: float
    bottom: float
    """Radius at the bottom."""
    top: float
    """Radius at the top; 0 makes a cone."""

    @property
    def ball(self) -> tuple[Point, float]:
        half, widest = self.height / 2, max(self.bottom, self.top)
        centre = Point(self.foot.x, self.foot.y + half, self.foot.z)
        return centre, float(np.sqrt(half * half + widest * widest))

    @property
    def slope(self) -> float:
        """How much the radius grows per metre of height."""
        return (self.top - self.bottom) / self.height

    def enter(self, rays: Rays) -> tuple[Floats, Faces]:
        side = self._enter_side(rays)
        bottom = self._enter_lid(rays, 0.0, self.bottom)
        top = self._enter_lid(rays, self.height, self.top)
        entry = np.minimum(np.minimum(side, bottom), top)
        return entry, np.where(entry == side, 0, np.where(entry == bottom, 1, 2))

    def skin(self, points: Points, faces: Faces) -> Skin:
        x, y, z = points.x - self.foot.x, points.y - self.foot.y, points.z - self.foot.z
        radius = self.bottom + self.slope * y
        upward = -self.slope * radius
        length = np.sqrt(x * x + z * z + upward * upward) + TINY
        on_side = faces == 0
        normals = Points(
            np.where(on_side, x / length, 0.0),
            np.where(on_side, upward / length, 2.0 * faces - 3),
            np.where(on_side, z / length, 0.0),
        )
        round_about = _way_round(x, z) * max(self.bottom, self.top)
        return Skin(normals, np.where(on_side, round_about, x), np.where(on_side, y, z))

    def _enter_side(self, rays: Rays) -> Floats:
        (ox, oy, oz), (dx, dy, dz) = rays
        x, y, z, slope = ox - self.foot.x, oy - self.foot.y, oz - self.foot.z, self.slope
        radius = self.bottom + slope * y
        squared = dx * dx + dz * dz - slope * slope * (dy * dy)
        squared = np.where(squared == 0, TINY, squared)
        linear = x * dx + z * dz - (slope * radius) * dy
        constant = x * x + z * z - radius * radius
        beneath_root = linear * linear - squared * constant
        root = np.sqrt(np.maximum(beneath_root, 0))
        one, other = (-linear - root) / squared, (-linear + root) / squared
        hits: list[Floats] = []
        for distance in (one, other):
            height = y + distance * dy
            hit = (beneath_root > 0) & (distance > 0) & (height >= 0) & (height <= self.height)
            hits.append(np.where(hit, distance, np.inf))
        return np.minimum(hits[0], hits[1])

    def _enter_lid(self, rays: Rays, height: float, radius: float) -> Floats:
        (ox, oy, oz), (dx, dy, dz) = rays
        distance = (self.foot.y + height - oy) / np.where(dy == 0, TINY, dy)
        x, z = ox - self.foot.x + distance * dx, oz - self.foot.z + distance * dz
        hit = (distance > 0) & (x * x + z * z < radius * radius)
        return np.where(hit, distance, np.inf)


@dataclass(frozen=True, slots=True)
class Ball:
    """A sphere. Its one face is 0."""

    centre: Point
    radius: float

    @property
    def ball(self) -> tuple[Point, float]:
        return self.centre, self.radius

    def enter(self, rays: Rays) -> tuple[Floats, Faces]:
        (ox, oy, oz), (dx, dy, dz) = rays
        x, y, z = ox - self.centre.x, oy - self.centre.y, oz - self.centre.z
        squared = dx * dx + dy * dy + dz * dz
        linear = x * dx + y * dy + z * dz
        beneath_root = linear * linear - squared * (
            x * x + y * y + z * z - self.radius * self.radius
        )
        entry = (-linear - np.sqrt(np.maximum(beneath_root, 0))) / squared
        hit = (beneath_root > 0) & (entry > 0)
        return np.where(hit, entry, np.inf), np.zeros(entry.shape, dtype=np.int64)

    def skin(self, points: Points, faces: Faces) -> Skin:  # noqa: ARG002 - there is one face
        x, y, z = points.x - self.centre.x, points.y - self.centre.y, points.z - self.centre.z
        length = np.sqrt(x * x + y * y + z * z)
        return Skin(Points(x / length, y / length, z / length), _way_round(x, z) * self.radius, y)


def _way_round(x: Floats, z: Floats) -> Floats:
    """How far round the vertical, from 0 to 4 roughly even: an angle without an arc tangent."""
    part = x / (np.abs(x) + np.abs(z) + TINY)
    return np.where(z < 0, 3 + part, 1 - part)
