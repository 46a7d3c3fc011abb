"""A picture of examples with their labels, for a person to look at."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from mdml_tune.data.colours import DEPTHS, coloured, name_of
from mdml_tune.data.split import Examples
from mdml_tune.tasks import Task

_INCHES = 2.2
"""Width of one column."""

Pixels = NDArray[np.generic]


def draw_samples(examples: Examples, tasks: Sequence[Task], count: int) -> Figure:
    """The first ``count`` examples as rows: the image, then each of ``tasks`` as a column.

    Pixels without a label are white. Depths share one colour scale, in the data's unit.
    """
    rows = min(count, len(examples))
    height, width = examples.images.shape[-2:]
    figure = Figure(
        figsize=(_INCHES * (1 + len(tasks)), (_INCHES * height / width + 0.1) * rows + 0.4),
        layout="constrained",
    )
    grid = [
        [figure.add_subplot(rows, 1 + len(tasks), 1 + row * (1 + len(tasks)) + column)
         for column in range(1 + len(tasks))]
        for row in range(rows)
    ]  # fmt: skip
    names = [name_of(task, inverse_depth=examples.inverse_depth) for task in tasks]
    for title, axes in zip(["image", *names], grid[0], strict=True):
        axes.set_title(title, fontsize=10)
    for axes in chain(*grid):
        axes.set_xticks([])
        axes.set_yticks([])
    for row in range(rows):
        grid[row][0].imshow(_channels_last(examples.images[row]), interpolation="nearest")
    for column, task in enumerate(tasks, start=1):
        _draw_column(figure, [axes[column] for axes in grid], examples, task)
    return figure


def _draw_column(figure: Figure, column: Sequence[Axes], examples: Examples, task: Task) -> None:
    targets, valid = examples.targets[task][: len(column)], examples.valid[task][: len(column)]
    if task is Task.DEPTH:
        _draw_depths(figure, column, targets[:, 0], valid)
        return
    arrays = [target.cpu().numpy() for target in targets]
    _draw(column, [coloured(task, array, classes=examples.classes) for array in arrays], valid)


def _draw(column: Sequence[Axes], pictures: Sequence[Pixels], valid: Tensor) -> None:
    for axes, picture, mask in zip(column, pictures, valid, strict=True):
        shown = np.where(mask.cpu().numpy()[..., None], picture, 1.0)
        axes.imshow(shown, interpolation="nearest", vmin=0, vmax=1)


def _draw_depths(figure: Figure, column: Sequence[Axes], depths: Tensor, valid: Tensor) -> None:
    farthest = max(float(depths.max()), 1e-3)
    for axes, depth, mask in zip(column, depths, valid, strict=True):
        shown = np.ma.masked_array(depth.cpu().numpy(), ~mask.cpu().numpy())
        image = axes.imshow(shown, cmap=DEPTHS, vmin=0, vmax=farthest, interpolation="nearest")
        bar = figure.colorbar(image, ax=axes, fraction=0.05, pad=0.02)
        bar.ax.tick_params(labelsize=7)


def _channels_last(pixels_CHW: Tensor) -> NDArray[np.float32]:
    return pixels_CHW.cpu().permute(1, 2, 0).numpy()
