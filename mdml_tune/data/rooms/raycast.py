"""What each ray sees first, and whether light gets through."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mdml_tune.data.rooms.geometry import Faces, Floats, Indices, Rays, Solid
from mdml_tune.data.rooms.hollow import Hollow

FACES = 8
"""More than any body has, so that ``FACES * owner + face`` names a face among all."""

_GRAZE = 1e-4
"""Share of the way to a surface that does not count as being in its shadow."""


class Hits(NamedTuple):
    """The first surface on each ray."""

    distances: Floats
    owners: Indices
    """0 for the room itself, k for the k-th solid, counted from 1."""
    faces: Faces


def first_hits(rays: Rays, shell: Hollow, solids: Sequence[Solid]) -> Hits:
    distances, faces = shell.leave(rays)
    owners = np.zeros(distances.shape, dtype=np.int64)
    lengths = _squared_lengths(rays)
    for number, solid in enumerate(solids, start=1):
        near = _may_hit(rays, lengths, solid)
        entries, entered = solid.enter(Rays(rays.origin, rays.directions.at(near)))
        closer = entries < distances[near]
        seen = near[closer]
        distances[seen], faces[seen], owners[seen] = entries[closer], entered[closer], number
    return Hits(distances, owners, faces)


def reached(rays: Rays, solids: Sequence[Solid]) -> NDArray[np.bool_]:
    """Which rays reach distance 1, where their surface is, without a solid in the way."""
    free = np.ones(rays.directions.x.shape, dtype=np.bool_)
    lengths = _squared_lengths(rays)
    for solid in solids:
        near = _may_hit(rays, lengths, solid)
        entries, _ = solid.enter(Rays(rays.origin, rays.directions.at(near)))
        free[near[entries < 1 - _GRAZE]] = False
    return free


def _squared_lengths(rays: Rays) -> Floats:
    dx, dy, dz = rays.directions
    return dx * dx + dy * dy + dz * dz


def _may_hit(rays: Rays, squared_lengths: Floats, solid: Solid) -> Indices:
    """The rays that meet the ball around ``solid``: a cheap test that spares most of the work."""
    (ox, oy, oz), (dx, dy, dz) = rays
    centre, radius = solid.ball
    x, y, z = centre.x - ox, centre.y - oy, centre.z - oz
    beyond = x * x + y * y + z * z - radius * radius
    if beyond <= 0:
        return np.arange(dx.size)
    along = x * dx + y * dy + z * dz
    return np.flatnonzero((along > 0) & (along * along >= squared_lengths * beyond))
