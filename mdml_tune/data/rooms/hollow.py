"""The empty room as a body that is seen from within."""

from dataclasses import dataclass

import numpy as np

from mdml_tune.data.rooms.geometry import Faces, Floats, Point, Points, Rays, Skin, X, Y, slab


@dataclass(frozen=True, slots=True)
class Hollow:
    """The room itself, seen from within. Faces: left, right, floor, ceiling, behind, ahead."""

    width: float
    height: float
    depth: float

    def leave(self, rays: Rays) -> tuple[Floats, Faces]:
        """Distance at which each ray reaches the room's shell, and on which face."""
        far: list[Floats] = []
        for o, d, side in zip(rays.origin, rays.directions, self._sides, strict=True):
            one, other = slab(o - side / 2, d, side / 2)
            far.append(np.maximum(one, other))
        exit_ = np.minimum(np.minimum(far[0], far[1]), far[2])
        axis = np.where(far[0] == exit_, 0, np.where(far[1] == exit_, 1, 2))
        dx, dy, dz = rays.directions
        along = np.where(axis == X, dx, np.where(axis == Y, dy, dz))
        return exit_, 2 * axis + (along > 0)

    def skin(self, points: Points, faces: Faces) -> Skin:
        """The shell at ``points``; its normals point into the room."""
        axis = faces >> 1
        sign = 1 - 2.0 * (faces & 1)
        x, y, z = (np.where(axis == own, sign, 0.0) for own in range(3))
        u, v = np.where(axis == X, points.z, points.x), np.where(axis == Y, points.z, points.y)
        return Skin(Points(x, y, z), u, v)

    @property
    def _sides(self) -> Point:
        return Point(self.width, self.height, self.depth)
