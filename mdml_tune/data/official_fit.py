"""From the size of the official files to the size that networks learn from.

Shape suffixes: C channels, H height, W width.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from mdml_tune.data.source import Labels, RawExample


def crop(example: RawExample, rows: slice, columns: slice) -> RawExample:
    """The image and its labels without what lies outside ``rows`` and ``columns``."""

    def cut(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
        return pixels[..., rows, columns]

    return replace(_relabel(example, cut), image=example.image[..., rows, columns])


def fit(example: RawExample, size: tuple[int, int]) -> RawExample:
    """The image and its labels in another height and width.

    The image is interpolated between pixels and averaged over them where it shrinks. Labels take
    the pixel in which the centre of the new one lies: neither classes nor depths are ever mixed.
    """
    height, width = example.image.shape[1:]
    rows, columns = _centres(height, size[0]), _centres(width, size[1])

    def pick(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
        return pixels[..., rows[:, None], columns]

    image_CHW = F.interpolate(
        torch.from_numpy(example.image)[None], size, mode="bilinear", antialias=True
    )[0]
    return replace(_relabel(example, pick), image=image_CHW.clamp(0, 1).numpy())


def _relabel(
    example: RawExample, change: Callable[[NDArray[np.generic]], NDArray[np.generic]]
) -> RawExample:
    labels = {
        task: Labels(change(label.target), change(label.valid).astype(np.bool_))
        for task, label in example.labels.items()
    }
    return replace(example, labels=labels)


def _centres(before: int, after: int) -> NDArray[np.int64]:
    """In which of ``before`` pixels the centres of ``after`` lie."""
    return (2 * np.arange(after) + 1) * before // (2 * after)
