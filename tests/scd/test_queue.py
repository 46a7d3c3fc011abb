"""Blocks join in their order, and each at its time."""

from collections import Counter
from itertools import permutations

import pytest

from mdml_tune.scd.queue import active_tasks, queue_of, shuffled, stage_of
from mdml_tune.tasks import Task

S, D, N, E, A = Task

COMPLEXITY = {S: -2.5, D: -18.6, N: 18.5, E: 20.5, A: 0.0}
QUEUE = ((N,), (S, E), (D,))


def test_blocks_are_sorted_by_the_mean_of_their_tasks() -> None:
    # Means: (-2.5 + 20.5) / 2 = 9, 18.5, -18.6.
    partition = ((S, E), (D,), (N,))
    assert queue_of(partition, COMPLEXITY, "complex_first") == ((N,), (S, E), (D,))
    assert queue_of(partition, COMPLEXITY, "simple_first") == ((D,), (S, E), (N,))


def test_the_order_of_the_partition_does_not_matter() -> None:
    for order in ("complex_first", "simple_first"):
        queues = {queue_of(p, COMPLEXITY, order) for p in permutations(((S, E), (D,), (N, A)))}
        assert len(queues) == 1


@pytest.mark.parametrize("order", ["complex_first", "simple_first"])
def test_equal_blocks_are_sorted_by_name(order) -> None:
    partition = ((S,), (D, A), (N,), (E,))
    by_name = ((D, A), (E,), (N,), (S,))  # albedo, edges, normals, segmentation
    assert queue_of(partition, dict.fromkeys(Task, 1.0), order) == by_name


def test_an_order_of_chance_depends_on_the_seed_and_the_blocks_alone() -> None:
    for seed in range(5):
        assert len({shuffled(p, seed) for p in permutations(QUEUE)}) == 1


def test_an_order_of_chance_is_the_same_everywhere() -> None:
    assert shuffled(QUEUE, 1) == ((D,), (N,), (S, E))


def test_every_order_is_as_likely() -> None:
    drawn = Counter(shuffled(QUEUE, seed) for seed in range(1200))
    assert set(drawn) == set(permutations(QUEUE))
    assert all(150 < times < 250 for times in drawn.values())


def test_the_last_stage_never_ends() -> None:
    assert [stage_of(QUEUE, epoch, 2) for epoch in range(8)] == [0, 0, 1, 1, 2, 2, 2, 2]


def test_cumulative_blocks_stay() -> None:
    active = [active_tasks(QUEUE, epoch, 2, "cumulative") for epoch in (0, 1, 2, 3, 4, 99)]
    assert active == [{N}, {N}, {N, S, E}, {N, S, E}, {N, S, E, D}, {N, S, E, D}]


def test_exclusive_blocks_take_turns() -> None:
    active = [active_tasks(QUEUE, epoch, 2, "exclusive") for epoch in (0, 1, 2, 3, 4, 99)]
    assert active == [{N}, {N}, {S, E}, {S, E}, {D}, {D}]


def test_one_block_is_active_from_the_start() -> None:
    for activation in ("cumulative", "exclusive"):
        assert active_tasks(((S, D),), 0, 5, activation) == {S, D}
