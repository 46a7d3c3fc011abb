"""Where one surface ends and another begins."""

import numpy as np
from numpy.typing import NDArray

from mdml_tune.data.rooms.geometry import Floats, Points

_ALIKE = 0.95
"""Cosine above which two faces count as parallel."""

_FLUSH = 0.04
"""Metres by which parallel faces may be apart and yet make no edge: the doors of a cupboard."""


def edges(surfaces_HW: NDArray[np.int64], points: Points, normals: Points) -> NDArray[np.float32]:
    """(H, W): 1 on both sides of an occlusion boundary or a crease, else 0.

    Bodies are convex and their faces smooth, so that no boundary lies within one face.

    Args:
        surfaces_HW: A number for each face of each body.
        points: What each pixel shows, row by row, in metres.
        normals: Unit vectors across the surface there.
    """
    size = surfaces_HW.shape
    points_3HW = np.stack([axis.reshape(size) for axis in points])
    normals_3HW = np.stack([axis.reshape(size) for axis in normals])
    marks_HW = np.zeros(size, dtype=np.float32)
    for here, there in (
        ((slice(None), slice(1, None)), (slice(None), slice(None, -1))),
        ((slice(1, None), slice(None)), (slice(None, -1), slice(None))),
    ):
        normals_here = normals_3HW[:, *here]
        parallel = _dot(normals_here, normals_3HW[:, *there]) > _ALIKE
        gap = _dot(normals_here, points_3HW[:, *here] - points_3HW[:, *there])
        boundary = surfaces_HW[here] != surfaces_HW[there]
        boundary &= ~(parallel & (np.abs(gap) < _FLUSH))
        marks_HW[here][boundary] = 1
        marks_HW[there][boundary] = 1
    return marks_HW


def _dot(a_3HW: Floats, b_3HW: Floats) -> Floats:
    return a_3HW[0] * b_3HW[0] + a_3HW[1] * b_3HW[1] + a_3HW[2] * b_3HW[2]
