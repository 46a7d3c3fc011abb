"""One ``.npy`` file of a data set: read, checked, and turned into what the networks expect.

Shape suffixes: C channels, H height, W width.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mdml_tune.errors import DataError

_ROUNDING = 1e-3
"""How far a stored value may stray from its range before the file counts as wrong."""

Numbers = NDArray[np.float64]


class Labels(NamedTuple):
    """The labels of one image for one task."""

    target: Tensor
    """As in ``Examples.targets``, without N."""
    valid: Tensor
    """(H, W) bool."""


def read_image(path: Path) -> Tensor:
    """An image as (3, H, W) float32 in [0, 1]: from (H, W, 3) floats in [0, 1] or integers to 255.

    Raises:
        DataError: The file is unreadable, misshapen or out of range.
    """
    stored = _read(path)
    image_HWC = _finite(path, stored) / (255 if stored.dtype.kind in "iu" else 1)
    _require_shape(path, image_HWC, channels=3)
    _require_range(path, image_HWC, 0, 1, "Store floats in [0, 1], or uint8 from 0 to 255")
    return _channels_first(np.clip(image_HWC, 0, 1))


def read_classes(path: Path, classes: int) -> Labels:
    """Class ids as (H, W) int64 from (H, W) or (H, W, 1); -1 has no label.

    Raises:
        DataError: The file is unreadable, misshapen, or holds what is no class.
    """
    ids_HW = _plane(path, _finite(path, _read(path)))
    if not np.array_equal(ids_HW, np.floor(ids_HW)):
        raise DataError(f"{path} holds fractions; class ids are whole numbers.")
    _require_range(path, ids_HW, -1, classes - 1, "Mark pixels without a label by -1")
    valid_HW = ids_HW >= 0
    ids = np.where(valid_HW, ids_HW, 0).astype(np.int64)
    return Labels(torch.from_numpy(ids), torch.from_numpy(valid_HW))


def read_depth(path: Path) -> Labels:
    """Depths as (1, H, W) float32, in the file's unit, from (H, W) or (H, W, 1); 0 has no label.

    Raises:
        DataError: The file is unreadable, misshapen, or holds negative depths.
    """
    depth_HW = _plane(path, _finite(path, _read(path)))
    _require_range(path, depth_HW, 0, float(np.finfo(np.float32).max), "Mark invalid pixels by 0")
    depth_HW = np.maximum(depth_HW, 0).astype(np.float32)
    return Labels(torch.from_numpy(depth_HW[None]), torch.from_numpy(depth_HW > 0))


def read_normals(path: Path) -> Labels:
    """Unit normals as (3, H, W) float32 from (H, W, 3); all-zero ones have no label.

    Lengths are made 1 where resizing or rounding has changed them.

    Raises:
        DataError: The file is unreadable, misshapen or out of range.
    """
    normals_HWC = _finite(path, _read(path))
    _require_shape(path, normals_HWC, channels=3)
    _require_range(path, normals_HWC, -1, 1, "Store unit vectors, and zeros where there is none")
    length_HW1 = np.sqrt((normals_HWC * normals_HWC).sum(axis=2, keepdims=True))
    valid_HW1 = length_HW1 > 0
    unit_HWC = normals_HWC / np.where(valid_HW1, length_HW1, 1)
    return Labels(
        _channels_first(np.where(valid_HW1, unit_HWC, 0)), torch.from_numpy(valid_HW1[..., 0])
    )


def _read(path: Path) -> NDArray[np.generic]:
    try:
        stored: object = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError, MemoryError) as error:
        raise DataError(
            f"{path} cannot be read: {error or type(error).__name__}. "
            "It must be one whole array written by numpy.save; copy it again from its source."
        ) from error
    if not isinstance(stored, np.ndarray) or stored.dtype.kind not in "fiu":
        found = getattr(stored, "dtype", type(stored).__name__)
        raise DataError(f"{path} holds {found}; it must hold floats or integers.")
    return stored


def _finite(path: Path, stored: NDArray[np.generic]) -> Numbers:
    values = stored.astype(np.float64)
    bad = int((~np.isfinite(values)).sum())
    if bad:
        raise DataError(f"{path} holds {bad} values that are NaN or infinite; all must be finite.")
    return values


def _plane(path: Path, values: Numbers) -> Numbers:
    """(H, W), also from (H, W, 1)."""
    if values.ndim == 3 and values.shape[2] == 1:  # noqa: PLR2004 - rows, columns, one channel
        values = values[..., 0]
    if values.ndim != 2:  # noqa: PLR2004 - rows, columns
        raise DataError(f"{path} has shape {values.shape}; it must be (height, width).")
    return values


def _require_shape(path: Path, values: Numbers, *, channels: int) -> None:
    if values.ndim != 3 or values.shape[2] != channels:  # noqa: PLR2004 - rows, columns, channels
        raise DataError(f"{path} has shape {values.shape}; it must be (height, width, {channels}).")


def _require_range(path: Path, values: Numbers, low: float, high: float, remedy: str) -> None:
    if values.size == 0:
        return
    least, most = float(values.min()), float(values.max())
    if not (low - _ROUNDING <= least and most <= high + _ROUNDING):
        raise DataError(
            f"{path} holds values from {least:g} to {most:g}; allowed are {low:g} to {high:g}. "
            f"{remedy}."
        )


def _channels_first(values_HWC: Numbers) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values_HWC.transpose(2, 0, 1), dtype=np.float32))
