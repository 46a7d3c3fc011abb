"""Ranks, crowding and hypervolume: known values and laws; everything is maximised."""

import math
from itertools import product

import numpy as np
import pytest

from mdml_tune.pareto import crowding_distance, front, hypervolume, non_dominated_ranks

LAYERS = [(3, 1), (1, 3), (2, 2), (2, 1), (1, 2), (1, 1), (0, 3)]


def drawn(seed: int, number: int, objectives: int) -> list[list[float]]:
    """On a coarse grid, so that equal values occur."""
    return np.random.default_rng(seed).integers(0, 6, (number, objectives)).astype(float).tolist()


def dominates(one: list[float], other: list[float]) -> bool:
    return all(a >= b for a, b in zip(one, other, strict=True)) and one != other


def test_layers_of_two_objectives() -> None:
    assert non_dominated_ranks(LAYERS) == [0, 0, 0, 1, 1, 2, 1]
    assert front(LAYERS) == [0, 1, 2]


def test_one_objective_is_an_order() -> None:
    assert non_dominated_ranks([[2.0], [5.0], [2.0], [1.0]]) == [1, 0, 1, 2]


def test_nothing_and_one() -> None:
    assert non_dominated_ranks([]) == front([]) == crowding_distance([]) == []
    assert hypervolume([], [0.0, 0.0]) == 0.0
    assert non_dominated_ranks([[1.0, 2.0]]) == [0]


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(5))
def test_a_rank_is_one_more_than_the_worst_that_dominates(seed: int, objectives: int) -> None:
    points = drawn(seed, 25, objectives)
    ranks = non_dominated_ranks(points)
    for rank, point in zip(ranks, points, strict=True):
        above = [r for r, p in zip(ranks, points, strict=True) if dominates(p, point)]
        assert rank == max(above, default=-1) + 1


def test_ends_have_all_the_room_and_the_rest_what_is_between_their_neighbours() -> None:
    # Ranges 10 and 10; of the second: (4 - 0) / 10 + (10 - 2) / 10.
    found = crowding_distance([(0, 10), (1, 6), (4, 2), (10, 0)])
    assert found == pytest.approx([math.inf, 0.4 + 0.8, 0.9 + 0.6, math.inf])


def test_room_does_not_depend_on_units() -> None:
    points = np.array([(0, 10), (1, 6), (4, 2), (10, 0)], dtype=float)
    assert crowding_distance((points * [7, 0.01] + [3, -2]).tolist()) == pytest.approx(
        crowding_distance(points.tolist())
    )


def test_what_is_the_same_everywhere_says_nothing() -> None:
    with_constant = [(0, 10, 5), (1, 6, 5), (4, 2, 5), (10, 0, 5)]
    assert crowding_distance(with_constant) == crowding_distance([p[:2] for p in with_constant])
    assert crowding_distance([(1, 1), (1, 1), (1, 1)]) == [0, 0, 0]


def test_between_its_equals_a_point_has_no_room() -> None:
    assert crowding_distance([(0, 2), (1, 1), (1, 1), (1, 1), (2, 0)])[2] == 0


@pytest.mark.parametrize(
    ("points", "volume"),
    [
        ([(2.0,), (3.0,)], 3.0),
        ([(2.0, 3.0)], 6.0),
        ([(3.0, 1.0), (1.0, 3.0), (2.0, 2.0)], 6.0),
        ([(2.0, 2.0), (1.0, 1.0), (2.0, 2.0)], 4.0),
        ([(5.0, -1.0), (1.0, 1.0)], 1.0),  # a loss in one objective adds nothing
        ([(1.0, 2.0, 3.0)], 6.0),
        ([(2.0, 2.0, 1.0), (1.0, 1.0, 2.0)], 5.0),
        ([(2.0, 1.0, 1.0, 1.0), (1.0, 2.0, 1.0, 1.0)], 3.0),
    ],
)
def test_known_volumes(points: list[tuple[float, ...]], volume: float) -> None:
    assert hypervolume(points, [0.0] * len(points[0])) == pytest.approx(volume)


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(3))
def test_volume_is_the_number_of_unit_cells_below(seed: int, objectives: int) -> None:
    points = drawn(seed, 8, objectives)
    reference = [1.0] * objectives
    cells = sum(
        any(all(value > low for value, low in zip(p, cell, strict=True)) for p in points)
        for cell in product(range(1, 6), repeat=objectives)
    )
    assert hypervolume(points, reference) == pytest.approx(cells)


@pytest.mark.parametrize("objectives", [2, 3])
def test_only_the_front_has_volume_and_scale_multiplies(objectives: int) -> None:
    points = drawn(9, 20, objectives)
    zero = [0.0] * objectives
    whole = hypervolume(points, zero)
    assert hypervolume([points[i] for i in front(points)], zero) == pytest.approx(whole)
    doubled = [[2 * value for value in point] for point in points]
    assert hypervolume(doubled, zero) == pytest.approx(2**objectives * whole)
