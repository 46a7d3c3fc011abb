"""Which tasks a grouping threshold puts together: the tree, and the partition of every threshold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.patches import Rectangle

from mdml_tune.analysis.figures.points import STAR, mark, scatter
from mdml_tune.analysis.figures.style import (
    GAIN_AXIS,
    GREY,
    INK,
    PALETTE,
    PAPER,
    SHADE,
    Drawing,
    Mark,
    new_figure,
    tidy,
)
from mdml_tune.analysis.groupings import Grouping, grouping_of
from mdml_tune.analysis.numbers import tick
from mdml_tune.analysis.ranking import Group, RankedRow
from mdml_tune.analysis.subject import Subject
from mdml_tune.scd.dendrogram import leaves_of
from mdml_tune.scd.partition import Interval, Linkage, Merge, intervals, merges
from mdml_tune.scd.relations import RANGES, Kind, Relations
from mdml_tune.tasks import Task

_NAMES: Mapping[Kind, str] = {
    "linear_cka": "linear CKA",
    "rsa_spearman": "RSA, Spearman",
    "gradient_cosine": "cosine of gradients",
}

_HALF = 0.36
"""Of the height of a row: how far a block reaches beyond the middle of its outer tasks."""


@dataclass(frozen=True, slots=True)
class Used:
    """A configuration whose blocks come from a threshold."""

    row: RankedRow
    """What the search says of it."""
    grouping: Grouping


@dataclass(frozen=True, slots=True, kw_only=True)
class Dendrogram:
    kind: Kind
    linkage: Linkage
    leaves: tuple[Task, ...]
    """In an order in which no branches cross and blocks are neighbours."""
    merges: tuple[Merge, ...]
    """The most similar first."""
    intervals: tuple[Interval, ...]
    """The lowest thresholds first, over the whole range of the similarity."""
    used: tuple[Used, ...]
    """Configurations searched at full length, the best first."""
    best: Used | None
    """The leading configuration, if it is one of them."""


def dendrogram(subject: Subject) -> Dendrogram | None:
    """The tree over the similarity by which the study groups; none where it has found out none.

    Where several similarities are searched, the winner's, else the first configuration's.
    """
    relations = subject.relations
    if relations is None or not relations.similarity or len(relations.tasks) == 1:
        return None
    best = subject.rows[0].config_id if subject.rows else None
    used = _used(subject)
    kind, linkage = _drawn(relations, sorted(used, key=lambda one: one.row.config_id != best))
    used = [one for one in used if (one.grouping.kind, one.grouping.linkage) == (kind, linkage)]
    matrix, tasks = relations.similarity[kind], relations.tasks
    found = merges(matrix, tasks, linkage)
    return Dendrogram(
        kind=kind,
        linkage=linkage,
        leaves=leaves_of(found, tasks),
        merges=found,
        intervals=intervals(matrix, tasks, linkage, *RANGES[kind]),
        used=tuple(used),
        best=next((one for one in used if one.row.config_id == best), None),
    )


def draw_dendrogram(numbers: Dendrogram) -> Drawing:
    heights = [0.24 * len(numbers.leaves) + 0.1] * 2 + ([1.5] if numbers.used else [])
    figure = new_figure(height=sum(heights) + 0.75)
    grid = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    panels = [figure.add_subplot(grid[0])]
    panels += [figure.add_subplot(grid[i], sharex=panels[0]) for i in range(1, len(heights))]
    _draw_tree(figure, panels[0], numbers)
    _draw_blocks(figure, panels[1], numbers)
    if numbers.used:
        _draw_used(figure, panels[2], numbers)
    for axes in panels:
        for edge in numbers.intervals[1:]:
            axes.axvline(edge.low, color=GREY, linewidth=0.6, linestyle=":", zorder=0)
        if numbers.best is not None:
            threshold = numbers.best.grouping.threshold
            axes.axvline(threshold, color=INK, linewidth=1.1, linestyle="--")
    for axes in panels[:-1]:
        axes.tick_params(labelbottom=False)
    panels[-1].set_xlim(*RANGES[numbers.kind])
    panels[-1].set_xlabel(
        f"grouping threshold: similarity of tasks\n({_NAMES[numbers.kind]}, {numbers.linkage} linkage)",
        fontsize=9,
    )
    return figure


def _used(subject: Subject) -> list[Used]:
    ended = [row for row in subject.searched if row.group is Group.COMPLETED]
    groupings = [(row, grouping_of(subject.study, row)) for row in ended]
    return [Used(row, grouping) for row, grouping in groupings if grouping is not None]


def _drawn(relations: Relations, used: Sequence[Used]) -> tuple[Kind, Linkage]:
    """Of the first that groups by a similarity which is known."""
    for one in used:
        if one.grouping.kind in relations.similarity:
            return one.grouping.kind, one.grouping.linkage
    return next(iter(relations.similarity)), "average"


def _draw_tree(figure: Drawing, axes: Axes, numbers: Dendrogram) -> None:
    low, high = RANGES[numbers.kind]
    ends: dict[tuple[Task, ...], tuple[float, float]] = {
        (task,): (high, place) for place, task in enumerate(numbers.leaves)
    }
    branches: list[list[tuple[float, float]]] = []
    for merge in numbers.merges:
        (x1, y1), (x2, y2), x = ends[merge.first], ends[merge.second], merge.similarity
        branches.append([(x1, y1), (x, y1), (x, y2), (x2, y2)])
        ends[merge.block] = (x, (y1 + y2) / 2)
    lines = LineCollection(branches, colors=INK, linewidths=1.4)
    axes.add_collection(lines)
    figure.tell(lines, [Mark(_merged(merge)) for merge in numbers.merges])
    x, y = ends[numbers.merges[-1].block]
    axes.plot([low, x], [y, y], color=INK, linewidth=1.4)
    _label_tasks(axes, numbers, "tree")


def _draw_blocks(figure: Drawing, axes: Axes, numbers: Dendrogram) -> None:
    """A column per interval of thresholds; tasks of one block share a box and its colour."""
    place = {task: index for index, task in enumerate(numbers.leaves)}
    colours = {
        merge.block: PALETTE[index % len(PALETTE)] for index, merge in enumerate(numbers.merges)
    }
    boxes: list[Rectangle] = []
    shades: list[str] = []
    marks: list[Mark] = []
    for interval in numbers.intervals:
        for block in interval.partition:
            rows = [place[task] for task in block]
            corner = (interval.low, min(rows) - _HALF)
            tall = max(rows) - min(rows) + 2 * _HALF
            boxes.append(Rectangle(corner, interval.high - interval.low, tall))
            shades.append(colours.get(block, SHADE))
            marks.append(Mark(_partitioned(interval)))
    collection = PatchCollection(boxes, facecolors=shades, edgecolors=PAPER, linewidths=1.0)
    axes.add_collection(collection)
    figure.tell(collection, marks)
    _label_tasks(axes, numbers, "blocks")


def _draw_used(figure: Drawing, axes: Axes, numbers: Dendrogram) -> None:
    x = np.array([one.grouping.threshold for one in numbers.used])
    y = np.array([one.row.delta_m for one in numbers.used], dtype=np.float64)
    marks = [_mark(one) for one in numbers.used]
    scatter(figure, axes, x, y, marks, s=22, color=PALETTE[0])
    if numbers.best is not None:
        best = numbers.best
        star = axes.scatter([best.grouping.threshold], [best.row.delta_m or 0.0], **STAR, zorder=3)
        figure.tell(star, [_mark(best)])
    axes.set_ylabel(GAIN_AXIS.format(split="val").replace(" (", "\n("))
    tidy(axes)


def _label_tasks(axes: Axes, numbers: Dendrogram, name: str) -> None:
    axes.set_ylabel(name, fontsize=9)
    axes.set_yticks(range(len(numbers.leaves)), numbers.leaves)
    axes.set_ylim(len(numbers.leaves) - 0.5, -0.5)
    axes.yaxis.tick_right()
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=8.5)


def _mark(used: Used) -> Mark:
    return mark(used.row, f"grouping threshold {tick(used.grouping.threshold)}")


def _merged(merge: Merge) -> str:
    return f"{' + '.join(merge.block)}\none block at thresholds up to {tick(merge.similarity)}"


def _partitioned(interval: Interval) -> str:
    blocks = " | ".join(" + ".join(block) for block in interval.partition)
    return f"thresholds {tick(interval.low)} to {tick(interval.high)}\n{blocks}"
