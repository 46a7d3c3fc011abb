"""Which of several points is better, also where there are several objectives."""

from collections.abc import Sequence

from mdml_tune.pareto import crowding_distance, non_dominated_ranks
from mdml_tune.tuning.stopping.rule import Point

Merit = tuple[float, ...]
"""To be compared as Python compares tuples; more is better."""


def merits(points: Sequence[Point]) -> list[Merit]:
    """One objective is its own merit; of several, the front counts and then the room on it.

    The crowded comparison of NSGA-II (Deb et al. 2002, section III.B).
    """
    if len(points[0]) == 1:
        return list(points)
    ranks = non_dominated_ranks(points)
    found: list[Merit] = [()] * len(points)
    for rank in set(ranks):
        front = [index for index, of in enumerate(ranks) if of == rank]
        room = crowding_distance([points[index] for index in front])
        for index, distance in zip(front, room, strict=True):
            found[index] = (-rank, distance)
    return found
