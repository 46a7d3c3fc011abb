"""Arithmetic on points with several objectives, all of which are maximised.

A point dominates another if it is nowhere worse and somewhere better. Pure numbers: whoever has
records turns them into points first.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Point = Sequence[float]
Values_NM = NDArray[np.float64]
"""N points with M objectives each."""


def non_dominated_ranks(points: Sequence[Point]) -> list[int]:
    """0 for points that none dominates, 1 for those that only these dominate, and so on.

    The sorting of NSGA-II (Deb et al. 2002, section III.A). Equal points have equal ranks; with
    one objective the rank counts the different values that are better.
    """
    values_NM = _array(points)
    dominated_NN = _dominates(values_NM)
    ranks_N = np.full(len(values_NM), -1)
    rank = 0
    while (ranks_N < 0).any():
        left_N = ranks_N < 0
        first_N = left_N & ~(dominated_NN & left_N[:, None]).any(axis=0)
        ranks_N[first_N] = rank
        rank += 1
    return [int(rank) for rank in ranks_N]


def front(points: Sequence[Point]) -> list[int]:
    """Indices of the points that none dominates, in their order; equal points are all in it."""
    dominated_N = _dominates(_array(points)).any(axis=0)
    return [int(index) for index in np.flatnonzero(~dominated_N)]


def crowding_distance(points: Sequence[Point]) -> list[float]:
    """How much room each point of one front has to itself; more is better.

    Sum over objectives of the gap between the two neighbours, as a share of the objective's range;
    infinite for a point that stands at either end of an objective (Deb et al. 2002, section
    III.B). Of equal points at an end one stands there, the others have no room. An objective that
    is the same everywhere says nothing.
    """
    values_NM = _array(points)
    distance_N = np.zeros(len(values_NM))
    for value_N in values_NM.T:
        order_N = np.argsort(value_N, kind="stable")
        sorted_N = value_N[order_N]
        if len(sorted_N) > 1 and sorted_N[-1] > sorted_N[0]:
            distance_N[order_N[1:-1]] += (sorted_N[2:] - sorted_N[:-2]) / np.ptp(sorted_N)
            distance_N[order_N[[0, -1]]] = np.inf
    return [float(distance) for distance in distance_N]


def hypervolume(points: Sequence[Point], reference: Point) -> float:
    """Volume of what lies above ``reference`` and below any of ``points``; larger is better.

    The measure of Zitzler and Thiele (1999), exact for any number of objectives by slicing along
    the last one: meant for the tens of points and few objectives that a study has. What does not
    exceed the reference in every objective adds nothing.
    """
    edges_M = np.asarray(reference, dtype=float)
    above_NM = _array(points, objectives=len(edges_M)) - edges_M
    return _volume(above_NM[(above_NM > 0).all(axis=1)])


def _volume(points_NM: Values_NM) -> float:
    """Of the union of the boxes between 0 and each point."""
    if len(points_NM) == 0:
        return 0.0
    if points_NM.shape[1] == 1:
        return float(points_NM.max())
    # From the highest slice down: the slice above each value lies below the points that reach it.
    order_N = np.argsort(-points_NM[:, -1], kind="stable")
    sorted_NM = points_NM[order_N]
    depths_N = sorted_NM[:, -1] - np.append(sorted_NM[1:, -1], 0.0)
    return sum(
        float(depth) * _volume(_undominated(sorted_NM[: index + 1, :-1]))
        for index, depth in enumerate(depths_N)
        if depth > 0
    )


def _undominated(points_NM: Values_NM) -> Values_NM:
    """What alone counts for a volume; keeps the recursion small."""
    unique_NM: Values_NM = np.unique(points_NM, axis=0)
    return unique_NM[~_dominates(unique_NM).any(axis=0)]


def _dominates(values_NM: Values_NM) -> NDArray[np.bool_]:
    """Whether the point of the row dominates that of the column."""
    one_NNM, other_NNM = values_NM[:, None, :], values_NM[None, :, :]
    no_worse_NN = np.asarray((one_NNM >= other_NNM).all(axis=2))
    return np.logical_and(no_worse_NN, (one_NNM > other_NNM).any(axis=2))


def _array(points: Sequence[Point], objectives: int = 1) -> Values_NM:
    """(N, M), also where there are no points."""
    return np.asarray(points, dtype=float).reshape(len(points), -1 if points else objectives)
