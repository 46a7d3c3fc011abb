"""Which tasks are distilled together: blocks of similar tasks, for every threshold there is.

Agglomerative clustering: starting from single tasks, the two most similar blocks are merged, until
no two are as similar as the threshold. With few tasks, the definition itself is quick enough.
A partition changes only where the threshold passes the similarity of a merge, so that T tasks have
at most T partitions, however finely the threshold is searched.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from statistics import fmean
from typing import Literal

from mdml_tune.tasks import Task

Matrix = tuple[tuple[float, ...], ...]
"""Symmetric similarities, rows and columns in the order of the tasks that stand beside it."""

Partition = tuple[tuple[Task, ...], ...]
"""Blocks of tasks: each in the vocabulary's order, and sorted by their first tasks."""

Linkage = Literal["average", "single"]
"""Similarity of two blocks: the mean over all pairs of their tasks, or that of the nearest pair."""


@dataclass(frozen=True, slots=True)
class Merge:
    """Two blocks become one."""

    first: tuple[Task, ...]
    second: tuple[Task, ...]
    similarity: float

    @property
    def block(self) -> tuple[Task, ...]:
        return in_order(self.first + self.second)


@dataclass(frozen=True, slots=True)
class Interval:
    """Thresholds above ``low`` and up to ``high``, all with one partition.

    The first interval of a range holds its ``low`` as well.
    """

    low: float
    high: float
    partition: Partition


def merges(similarity: Matrix, tasks: Sequence[Task], linkage: Linkage) -> tuple[Merge, ...]:
    """From single tasks to one block, most similar first; similarities never rise.

    Of several pairs of blocks that are equally similar, the first in the vocabulary's order merges.
    """
    of_pair = {
        frozenset((tasks[i], tasks[j])): similarity[i][j]
        for i, j in combinations(range(len(tasks)), 2)
    }

    def between(pair: tuple[tuple[Task, ...], tuple[Task, ...]]) -> float:
        across = [of_pair[frozenset((a, b))] for a in pair[0] for b in pair[1]]
        return fmean(across) if linkage == "average" else max(across)

    partition = singles(tasks)
    done: list[Merge] = []
    while len(partition) > 1:
        pair = max(combinations(partition, 2), key=between)
        # Neither linkage can invert; a rounded mean could, by a last bit.
        ceiling = done[-1].similarity if done else float("inf")
        done.append(Merge(*pair, min(between(pair), ceiling)))
        partition = _merged(partition, done[-1])
    return tuple(done)


def partition_at(
    similarity: Matrix, tasks: Sequence[Task], threshold: float, linkage: Linkage
) -> Partition:
    """The blocks that remain when blocks at least as similar as ``threshold`` have merged."""
    partition = singles(tasks)
    for merge in merges(similarity, tasks, linkage):
        if merge.similarity >= threshold:
            partition = _merged(partition, merge)
    return partition


def intervals(
    similarity: Matrix, tasks: Sequence[Task], linkage: Linkage, low: float, high: float
) -> tuple[Interval, ...]:
    """Every partition between the thresholds ``low`` and ``high``, both included, lowest first.

    The intervals follow each other without gap, no two have the same partition, and there are at
    most as many as tasks.
    """
    found = {merge.similarity for merge in merges(similarity, tasks, linkage)}
    edges = [low, *sorted(s for s in found if low <= s < high), high]
    return tuple(
        Interval(below, above, partition_at(similarity, tasks, above, linkage))
        for below, above in pairwise(edges)
    )


def singles(tasks: Sequence[Task]) -> Partition:
    """Every task a block of its own."""
    return tuple((task,) for task in in_order(tasks))


def in_order(tasks: Sequence[Task]) -> tuple[Task, ...]:
    """The tasks in the vocabulary's order."""
    return tuple(task for task in Task if task in tasks)


def _merged(partition: Partition, merge: Merge) -> Partition:
    kept = [block for block in partition if block not in (merge.first, merge.second)]
    return tuple(sorted([*kept, merge.block], key=lambda block: list(Task).index(block[0])))
