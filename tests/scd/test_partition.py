"""Every threshold has its partition, and there are few of them."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matrices import matrix_of, similarities
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from mdml_tune.scd.partition import Matrix, Merge, intervals, merges, partition_at
from mdml_tune.tasks import Task

S, D, N, E, A = Task
FOUR = (S, D, N, E)

linkages = st.sampled_from(["average", "single"])
thresholds = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.25, 0.5, 1.0]))

CHAIN = matrix_of({(S, D): 0.8, (D, N): 0.7, (S, N): 0.2, (N, E): 0.4}, FOUR)


def connected_components(matrix: Matrix, tasks: tuple[Task, ...], threshold: float) -> set:
    """Of the graph whose edges are the pairs at least as similar as the threshold."""
    component = {task: {task} for task in tasks}
    for i, j in combinations(range(len(tasks)), 2):
        if matrix[i][j] >= threshold:
            together = component[tasks[i]] | component[tasks[j]]
            component |= dict.fromkeys(together, together)
    return {frozenset(c) for c in component.values()}


def test_single_linkage_follows_chains() -> None:
    assert partition_at(CHAIN, FOUR, 0.7, "single") == ((S, D, N), (E,))
    assert partition_at(CHAIN, FOUR, 0.71, "single") == ((S, D), (N,), (E,))


def test_average_linkage_asks_all_members() -> None:
    # Of normals with segmentation and depth: (0.2 + 0.7) / 2; of edges with the three: 0.4 / 3.
    assert merges(CHAIN, FOUR, "average") == (
        Merge((S,), (D,), 0.8),
        Merge((S, D), (N,), pytest.approx(0.45)),
        Merge((S, D, N), (E,), pytest.approx(0.4 / 3)),
    )
    assert partition_at(CHAIN, FOUR, 0.46, "average") == ((S, D), (N,), (E,))
    assert partition_at(CHAIN, FOUR, 0.44, "average") == ((S, D, N), (E,))


@given(similarities(), thresholds)
def test_single_linkage_is_connected_components(drawn, threshold: float) -> None:
    matrix, tasks = drawn
    partition = partition_at(matrix, tasks, threshold, "single")
    assert {frozenset(block) for block in partition} == connected_components(
        matrix, tasks, threshold
    )


@given(st.lists(st.floats(0, 1), min_size=10, max_size=10, unique=True), linkages, thresholds)
def test_agrees_with_scipy(entries: list[float], linkage, threshold: float) -> None:
    matrix = matrix_of(dict(zip(combinations(Task, 2), entries, strict=True)), tuple(Task))
    tree = hierarchy.linkage(squareform(1 - np.array(matrix), checks=False), linkage)
    ours = [merge.similarity for merge in merges(matrix, tuple(Task), linkage)]
    np.testing.assert_allclose(ours, 1 - tree[:, 2], atol=1e-12)
    if np.abs(1 - tree[:, 2] - threshold).min() > 1e-9:
        labels = hierarchy.fcluster(tree, 1 - threshold, criterion="distance")
        theirs = {frozenset(np.array(Task)[labels == label]) for label in labels}
        ours = {frozenset(block) for block in partition_at(matrix, tuple(Task), threshold, linkage)}
        assert ours == theirs


@given(similarities(), linkages, thresholds)
def test_a_partition_names_each_task_once_in_order(drawn, linkage, threshold: float) -> None:
    matrix, tasks = drawn
    partition = partition_at(matrix, tasks, threshold, linkage)
    place = list(Task).index
    assert sorted(task for block in partition for task in block) == sorted(tasks)
    assert all(list(block) == sorted(block, key=place) for block in partition)
    assert [block[0] for block in partition] == sorted((b[0] for b in partition), key=place)


@given(similarities(), linkages)
def test_similarities_of_merges_never_rise(drawn, linkage) -> None:
    found = merges(*drawn, linkage)
    assert len(found) == len(drawn[1]) - 1
    assert all(a.similarity >= b.similarity for a, b in pairwise(found))


@given(similarities(), linkages, thresholds, thresholds)
def test_a_lower_threshold_only_merges(drawn, linkage, one: float, other: float) -> None:
    fine = partition_at(*drawn, max(one, other), linkage)
    coarse = partition_at(*drawn, min(one, other), linkage)
    assert all(any(set(block) <= set(whole) for whole in coarse) for block in fine)


@given(similarities(), linkages, thresholds, st.randoms())
def test_the_order_of_the_tasks_does_not_matter(drawn, linkage, threshold: float, chance) -> None:
    matrix, tasks = drawn
    rows = chance.sample(range(len(tasks)), len(tasks))
    again = tuple(tuple(matrix[i][j] for j in rows) for i in rows)
    assert partition_at(again, tuple(tasks[i] for i in rows), threshold, linkage) == partition_at(
        matrix, tasks, threshold, linkage
    )


@given(similarities(), linkages, thresholds)
def test_intervals_tell_the_partition_of_every_threshold(drawn, linkage, threshold) -> None:
    found = intervals(*drawn, linkage, 0, 1)
    (its,) = [i for i in found if i.low < threshold <= i.high] or [found[0]]
    assert its.low <= threshold <= its.high
    assert its.partition == partition_at(*drawn, threshold, linkage)


@given(similarities(), linkages, st.sampled_from([(0.0, 1.0), (-1.0, 1.0), (0.25, 0.5)]))
def test_intervals_cover_the_range_and_are_few(drawn, linkage, ends) -> None:
    found = intervals(*drawn, linkage, *ends)
    assert (found[0].low, found[-1].high) == ends
    assert all(a.high == b.low for a, b in pairwise(found))
    assert len({i.partition for i in found}) == len(found) <= len(drawn[1])


def test_equal_similarities_merge_at_once() -> None:
    same = tuple((0.3,) * 5 for _ in Task)
    for linkage in ("average", "single"):
        low, high = intervals(same, tuple(Task), linkage, 0, 1)
        assert (low.high, high.low) == (0.3, 0.3)
        assert low.partition == (tuple(Task),)
        assert len(high.partition) == 5


def test_similarities_at_the_ends_of_the_range_count() -> None:
    # Zero merges at the threshold 0 alone, and one at every threshold.
    ends = matrix_of({(S, D): 1.0, (S, N): 0.0, (D, N): 0.0}, (S, D, N))
    for linkage in ("average", "single"):
        found = [(i.low, i.high, i.partition) for i in intervals(ends, (S, D, N), linkage, 0, 1)]
        assert found == [(0, 0, ((S, D, N),)), (0, 1, ((S, D), (N,)))]


def test_of_equally_similar_pairs_the_first_merges() -> None:
    # Depth could join either; the vocabulary's order decides, and normals are left behind.
    between = matrix_of({(S, D): 0.6, (D, N): 0.6, (S, N): 0.0}, (S, D, N))
    assert partition_at(between, (S, D, N), 0.5, "average") == ((S, D), (N,))


def test_one_task_is_one_block() -> None:
    assert merges(((1.0,),), (D,), "average") == ()
    (only,) = intervals(((1.0,),), (D,), "average", -1, 1)
    assert only.partition == ((D,),)
