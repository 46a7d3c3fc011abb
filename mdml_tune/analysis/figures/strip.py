"""What the networks see: a few test images, their labels, the single-task networks' view and ours.

Shape suffixes: H height, W width.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from numpy.typing import NDArray

from mdml_tune.analysis.figures.style import GREY, WIDTH, Drawing, new_figure
from mdml_tune.analysis.numbers import NOTHING, metric_name, score
from mdml_tune.analysis.subject import Subject
from mdml_tune.data.colours import DEPTHS, coloured, name_of
from mdml_tune.storage.samples import Answers, Samples
from mdml_tune.tasks import METRICS, Task

COLUMNS = ("image", "label", "single-task", "ours")

_GAP = 0.16
"""Height between two images, and of the scale of depth, as a share of a row's."""

Colours = NDArray[Any]
"""(H, W, 3) RGB in [0, 1], or with a fourth that is 0 where there is no label."""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    colours: Colours
    score: float | None = None
    """The task's primary metric on this image alone; none of a label, or where it has no value."""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One task of one image."""

    task: Task
    name: str
    label: Panel
    single: Panel
    ours: Panel


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    images: tuple[Colours, ...]
    rows: tuple[tuple[Row, ...], ...]
    """Of each image, one per task."""
    farthest: float | None
    """The end of the scale that all depths share; none without that task."""


def strip(subject: Subject) -> Strip | None:
    """The samples of a study as colours; none where it has none."""
    samples = subject.samples
    if samples is None:
        return None
    depth = samples.answers.get(Task.DEPTH)
    farthest = None if depth is None else _farthest(depth)
    return Strip(
        images=tuple(np.moveaxis(image, 0, -1) / 255 for image in samples.images),
        rows=tuple(
            tuple(_row(samples, task, index, farthest or 1.0) for task in samples.answers)
            for index in range(len(samples.images))
        ),
        farthest=farthest,
    )


def draw_strip(numbers: Strip) -> Drawing:
    """A block per image: the image on the left, beside it a row for each task."""
    heights = [height for rows in numbers.rows for height in (*[1.0] * len(rows), _GAP)]
    height, width = numbers.images[0].shape[:2]
    panel = (WIDTH - 0.45) / len(COLUMNS) * height / width + 0.22
    figure = new_figure(height=0.6 + panel * sum(heights))
    grid = figure.add_gridspec(len(heights), len(COLUMNS), height_ratios=heights)
    top = 0
    for index, (image, rows) in enumerate(zip(numbers.images, numbers.rows, strict=True)):
        axes = figure.add_subplot(grid[top, 0])
        _show(axes, image)
        axes.set_xlabel(f"test image {index + 1}", fontsize=7.5, labelpad=2)
        for row in rows:
            _draw_row([figure.add_subplot(grid[top, column]) for column in (1, 2, 3)], row)
            top += 1
        top += 1
    for axes, title in zip(figure.axes[: len(COLUMNS)], COLUMNS, strict=True):
        axes.set_title(title, fontsize=9)
    if numbers.farthest is not None:  # in place of the last gap
        _draw_scale(figure, figure.add_subplot(grid[-1, 1:]), numbers, numbers.farthest)
    return figure


def _row(samples: Samples, task: Task, index: int, farthest: float) -> Row:
    said = samples.answers[task]

    def colours(values: NDArray[Any]) -> Colours:
        return coloured(task, values[index], classes=samples.classes, farthest=farthest)

    there = said.valid[index][..., None].astype(float)
    return Row(
        task=task,
        name=name_of(task, inverse_depth=samples.inverse_depth),
        label=Panel(np.concatenate([colours(said.target), there], axis=-1)),
        single=Panel(colours(said.single), _given(said.single_scores[index])),
        ours=Panel(colours(said.ours), _given(said.ours_scores[index])),
    )


def _farthest(depth: Answers) -> float:
    """Of the labels alone: a network that is far off must not darken them."""
    labelled = depth.target[:, 0][depth.valid]
    return max(float(labelled.max(initial=0.0)), 1e-3)


def _given(score: float) -> float | None:
    return score if math.isfinite(score) else None


def _draw_row(beside: Sequence[Axes], row: Row) -> None:
    metric = METRICS[row.task][0]
    panels = (row.label, row.single, row.ours)
    scores = (NOTHING if p.score is None else score(p.score, metric) for p in panels[1:])
    below = (metric_name(metric), *scores)
    for axes, panel, text in zip(beside, panels, below, strict=True):
        _show(axes, panel.colours)
        axes.set_xlabel(text, fontsize=7.5, labelpad=2)
    beside[0].set_ylabel(str(row.task), fontsize=7, labelpad=3)


def _draw_scale(figure: Drawing, axes: Axes, numbers: Strip, farthest: float) -> None:
    colours = ScalarMappable(Normalize(0, farthest), DEPTHS)
    bar = figure.colorbar(colours, cax=axes, orientation="horizontal")
    name = next(row.name for row in numbers.rows[0] if row.task is Task.DEPTH)
    bar.set_label(f"{name} [data unit]", size=8)
    bar.ax.tick_params(labelsize=7.5)


def _show(axes: Axes, colours: Colours) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    if (colours[..., 3:] == 0).any():  # seen through: hatched, for any colour would mean something
        axes.patch.set(hatch="//////", edgecolor=GREY, linewidth=0)
    axes.imshow(colours, interpolation="nearest")
