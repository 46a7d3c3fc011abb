"""The merges of similar tasks for a terminal: the tree, and the partition of every threshold."""

from collections import defaultdict
from collections.abc import Sequence

from mdml_tune.scd.partition import Interval, Merge, Partition, singles
from mdml_tune.tasks import Task

WIDTH = 48
"""Columns of the tree between the highest and the lowest similarity."""

LEFT, RIGHT, UP, DOWN = 1, 2, 4, 8

GLYPHS = {
    LEFT: "─",
    RIGHT: "─",
    LEFT | RIGHT: "─",
    UP | DOWN: "│",
    LEFT | DOWN: "┐",
    LEFT | UP: "┘",
    LEFT | RIGHT | DOWN: "┬",
    LEFT | RIGHT | UP: "┴",
    LEFT | UP | DOWN: "┤",
    RIGHT | UP | DOWN: "├",
    LEFT | RIGHT | UP | DOWN: "┼",
}
"""By the arms that a cell stretches out."""

Arms = defaultdict[tuple[int, int], int]
"""By row and column."""


def tree_lines(
    merges: Sequence[Merge], tasks: Sequence[Task], *, low: float, high: float
) -> list[str]:
    """A line per task and a scale: branches meet at the similarity at which they merge.

    Args:
        merges: Of ``partition.merges``.
        tasks: All of them.
        low: The scale's right end.
        high: Its left end, where the tasks stand apart.
    """
    leaves = leaves_of(merges, tasks)
    arms = _arms(merges, leaves, low, high)
    label = max(map(len, leaves))
    tree = [
        "".join(GLYPHS.get(arms[row, x], " ") for x in range(WIDTH + 2))
        for row in range(len(leaves))
    ]
    lines = [f"{task:<{label}} {cells}".rstrip() for task, cells in zip(leaves, tree, strict=True)]
    left, right = f"{high:g}", f"{low:g}"
    scale = f"{left}{'similarity':^{WIDTH + 1 - len(left) - len(right)}}{right}"
    return [*lines, f"{'':<{label}} {scale}"]


def interval_lines(intervals: Sequence[Interval]) -> list[str]:
    """A table of the thresholds that give one partition, and its blocks.

    Where one interval ends and the next begins, two blocks merge.
    """
    rows = [(f"{i.low:.3f} to {i.high:.3f}", _blocks(i.partition)) for i in intervals]
    width = max(len(thresholds) for thresholds, _ in rows)
    return [
        f"{thresholds:<{width}}  {blocks}"
        for thresholds, blocks in [("threshold", "blocks"), *rows]
    ]


def _blocks(partition: Partition) -> str:
    return " | ".join(" ".join(block) for block in partition)


def leaves_of(merges: Sequence[Merge], tasks: Sequence[Task]) -> tuple[Task, ...]:
    """The tasks in an order in which no branches cross."""
    below = {block: block for block in singles(tasks)}
    for merge in merges:
        below[merge.block] = below[merge.first] + below[merge.second]
    return below[merges[-1].block] if merges else tuple(tasks)


def _arms(merges: Sequence[Merge], leaves: Sequence[Task], low: float, high: float) -> Arms:
    arms: Arms = defaultdict(int)
    ends: dict[tuple[Task, ...], tuple[int, int]] = {
        (task,): (row, 0) for row, task in enumerate(leaves)
    }
    for merge in merges:
        share = (high - merge.similarity) / (high - low)
        column = min(max(round(share * WIDTH), 1), WIDTH)
        rows: list[int] = []
        for block in (merge.first, merge.second):
            row, start = ends[block]
            _horizontal(arms, row, start, column)
            rows.append(row)
        _vertical(arms, min(rows), max(rows), column)
        ends[merge.block] = (sum(rows) // 2, column)
    root, end = ends[merges[-1].block] if merges else (0, 0)
    _horizontal(arms, root, end, end + 1)
    return arms


def _horizontal(arms: Arms, row: int, start: int, end: int) -> None:
    for column in range(start, end):
        arms[row, column] |= RIGHT
        arms[row, column + 1] |= LEFT


def _vertical(arms: Arms, top: int, bottom: int, column: int) -> None:
    for row in range(top, bottom):
        arms[row, column] |= DOWN
        arms[row + 1, column] |= UP
