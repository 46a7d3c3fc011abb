"""What one file of a data set holds, checked and turned into what the networks expect.

``where`` is the file's path, for messages. Shape suffixes: C channels, H height, W width.
"""

from collections.abc import Collection
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from mdml_tune.data.source import Labels
from mdml_tune.errors import DataError

_ROUNDING = 1e-3
"""How far a stored value may stray from its range before the file counts as wrong."""

_WHITE = 255

Stored = NDArray[np.generic]
"""An array as it lies in a file: any kind of float or integer."""

Numbers = NDArray[np.integer] | NDArray[np.floating]


def to_image(where: Path, stored: Stored) -> NDArray[np.float32]:
    """(3, H, W) in [0, 1]: from (H, W, 3) or (3, H, W), floats in [0, 1] or integers to 255.

    Raises:
        DataError: Misshapen or out of range.
    """
    white = _WHITE if stored.dtype.kind in "iu" else 1
    image_HWC = _three_channels(where, stored)
    _require_range(where, image_HWC, 0, white, "Store floats in [0, 1], or uint8 from 0 to 255")
    image_CHW = _channels_first(image_HWC)
    return image_CHW / np.float32(white) if white != 1 else np.clip(image_CHW, 0, 1)


def to_classes(
    where: Path, stored: Stored, classes: int, *, ignore: Collection[int] = (-1,), first: int = 0
) -> Labels:
    """Class ids from (H, W), (H, W, 1) or (1, H, W).

    Args:
        where: For messages.
        stored: The ids: ``first`` for the first class, and so on.
        classes: How many there are.
        ignore: Ids of pixels without a label.
        first: Id of the first class.

    Raises:
        DataError: Misshapen, or some ids are no classes.
    """
    stored_HW = _plane(where, _finite(where, stored))
    if not np.array_equal(stored_HW, np.floor(stored_HW)):
        raise DataError(f"{where} holds fractions; class ids are whole numbers.")
    ids_HW = stored_HW.astype(np.int64)
    valid_HW = ~np.isin(ids_HW, list(ignore))
    ignored = " or ".join(str(number) for number in sorted(ignore))
    _require_range(
        where,
        ids_HW[valid_HW],
        first,
        first + classes - 1,
        f"Mark pixels without a label by {ignored}",
    )
    return Labels(np.where(valid_HW, ids_HW - first, 0), valid_HW)


def to_depth(where: Path, stored: Stored, *, scale: float = 1.0, invalid: float = 0.0) -> Labels:
    """Depths times ``scale``, from (H, W), (H, W, 1) or (1, H, W); 0 and ``invalid`` have no label.

    Raises:
        DataError: Misshapen, or holds negative depths.
    """
    stored_HW = _plane(where, _finite(where, stored))
    depth_HW = np.where(stored_HW == invalid, 0, stored_HW * scale)
    most = float(np.finfo(np.float32).max)
    _require_range(where, depth_HW, 0, most, f"Mark invalid pixels by {invalid:g}")
    depth_HW = np.maximum(depth_HW, 0).astype(np.float32)
    return Labels(depth_HW[None], depth_HW > 0)


def to_normals(where: Path, stored: Stored, *, shortest: float = 0.0) -> Labels:
    """Unit normals from (H, W, 3) or (3, H, W); those not longer than ``shortest`` have no label.

    Lengths are made 1 where resizing or rounding has changed them.

    Raises:
        DataError: Misshapen or out of range.
    """
    normals_HWC = _three_channels(where, stored).astype(_at_least_single(stored), copy=False)
    _require_range(where, normals_HWC, -1, 1, "Store unit vectors, and zeros where there is none")
    length_HW1 = np.sqrt((normals_HWC * normals_HWC).sum(axis=2, keepdims=True))
    valid_HW1 = length_HW1 > shortest
    unit_HWC = np.where(valid_HW1, normals_HWC / np.where(valid_HW1, length_HW1, 1), 0)
    return Labels(_channels_first(unit_HWC), valid_HW1[..., 0])


def to_edges(where: Path, stored: Stored, *, ignore: Collection[int] = ()) -> Labels:
    """1 where (H, W), (H, W, 1) or (1, H, W) is not 0; every pixel not in ``ignore`` has a label.

    Raises:
        DataError: Misshapen.
    """
    stored_HW = _plane(where, _finite(where, stored))
    valid_HW = ~np.isin(stored_HW, list(ignore))
    return Labels(((stored_HW != 0) & valid_HW).astype(np.float32)[None], valid_HW)


def to_albedo(where: Path, stored: Stored) -> Labels:
    """Reflectance, stored as an image is; every pixel has a label.

    Raises:
        DataError: Misshapen or out of range.
    """
    albedo_CHW = to_image(where, stored)
    return Labels(albedo_CHW, np.ones(albedo_CHW.shape[1:], dtype=np.bool_))


def _finite(where: Path, stored: Stored) -> Numbers:
    """``stored``, in single precision at least; integers stay what they are."""
    if stored.dtype.kind in "iu":
        return cast("NDArray[np.integer]", stored)
    values = stored.astype(_at_least_single(stored), copy=False)
    bad = values.size - int(np.count_nonzero(np.isfinite(values)))
    if bad:
        raise DataError(f"{where} holds {bad} values that are NaN or infinite; all must be finite.")
    return values


def _at_least_single(stored: Stored) -> np.dtype[np.floating]:
    return cast("np.dtype[np.floating]", np.result_type(stored.dtype, np.float32))


def _plane(where: Path, values: Numbers) -> Numbers:
    if values.ndim == 3 and 1 in (values.shape[0], values.shape[2]):  # noqa: PLR2004 - one channel
        values = values[..., 0] if values.shape[2] == 1 else values[0]
    if values.ndim != 2:  # noqa: PLR2004 - rows, columns
        raise DataError(f"{where} has shape {values.shape}; it must be (height, width).")
    return values


def _three_channels(where: Path, stored: Stored) -> Numbers:
    values = _finite(where, stored)
    if values.ndim == 3 and values.shape[2] == 3:  # noqa: PLR2004 - rows, columns, RGB or xyz
        return values
    if values.ndim == 3 and values.shape[0] == 3:  # noqa: PLR2004 - RGB or xyz, rows, columns
        return values.transpose(1, 2, 0)
    raise DataError(f"{where} has shape {values.shape}; it must be (height, width, 3).")


def _require_range(where: Path, values: Numbers, low: float, high: float, remedy: str) -> None:
    if values.size == 0:
        return
    least, most = float(values.min()), float(values.max())
    if not (low - _ROUNDING <= least and most <= high + _ROUNDING):
        raise DataError(
            f"{where} holds values from {least:g} to {most:g}; allowed are {low:g} to {high:g}. "
            f"{remedy}."
        )


def _channels_first(values_HWC: Numbers) -> NDArray[np.float32]:
    return np.ascontiguousarray(values_HWC.transpose(2, 0, 1), dtype=np.float32)
