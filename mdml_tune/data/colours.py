"""How labels and predictions become colours: the same ones in every picture. Knows no torch.

Shape suffixes: C channels, H height, W width.
"""

from typing import Any

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray

from mdml_tune.tasks import Task

Pixels = NDArray[Any]
"""Class ids (H, W), or what another task says of an image, (C, H, W)."""

DEPTHS = "viridis"
"""Colour map of depths, from 0 to the farthest."""

_NAMES = {Task.NORMALS: "normals (xyz as RGB)"}


def name_of(task: Task, *, inverse_depth: bool) -> str:
    """What pictures call a task."""
    if task is Task.DEPTH and inverse_depth:
        return "inverse depth"
    return _NAMES.get(task, str(task))


def class_colours(classes: int) -> NDArray[np.float64]:
    """The same colour for a class in every picture: (classes, 3) in [0, 1]; the 21st has the first's."""
    return np.array([colormaps["tab20"](k % 20)[:3] for k in range(classes)])


def coloured(
    task: Task, values: Pixels, *, classes: int = 0, farthest: float = 1.0
) -> NDArray[np.float64]:
    """RGB in [0, 1], (H, W, 3), of labels or predictions of one image.

    Args:
        task: Normals are xyz as RGB, edges white on black.
        values: In the form of ``data.split.Examples``, without the number of the image.
        classes: Of segmentation.
        farthest: The depth at the end of the colour map; what lies beyond has its colour.
    """
    match task:
        case Task.SEGMENTATION:
            return class_colours(classes)[values]
        case Task.DEPTH:
            return colormaps[DEPTHS](values[0] / farthest)[..., :3]
        case Task.NORMALS:
            return _in_range(values / 2 + 0.5)
        case Task.EDGES:
            return _in_range(values.repeat(3, axis=0))
        case Task.ALBEDO:
            return _in_range(values)


def _in_range(values_CHW: Pixels) -> NDArray[np.float64]:
    return np.clip(np.moveaxis(values_CHW, 0, -1).astype(np.float64), 0.0, 1.0)
