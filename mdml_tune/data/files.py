"""One file of a data set as an array: `.npy`, `.png` or `.jpg`."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mdml_tune.errors import DataError

SUFFIXES = (".npy", ".png", ".jpg", ".jpeg")

_DEEP_COLOURS = (b"\x10\x02", b"\x10\x06")
"""PNG, section 11.2.1 (IHDR): 16 bits a channel, RGB without and with transparency."""

Stored = NDArray[np.generic]


def read_array(path: Path) -> Stored:
    """The array in a `.npy` file, of floats or integers.

    Raises:
        DataError: The file cannot be read as one.
    """
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


def read_picture(path: Path, *, colours: bool) -> Stored:
    """The pixels of a PNG or JPEG.

    Args:
        path: Of the picture.
        colours: Whether it is a picture to look at, (H, W, 3), grey or not; else grey values and
            the indices of a palette are numbers, (H, W).

    Raises:
        DataError: The file cannot be read as one.
    """
    try:
        return _pixels(path.read_bytes(), colours=colours)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(
            f"{path} cannot be read: {error or type(error).__name__}. "
            "It must be a whole PNG or JPEG of 8 bits a colour; copy it again from its source, or "
            "store it as .npy."
        ) from error


def _pixels(content: bytes, *, colours: bool) -> Stored:
    if content[24:26] in _DEEP_COLOURS:
        raise ValueError("Pillow would drop the lower 8 of its 16 bits a colour")
    with Image.open(io.BytesIO(content)) as picture:
        return np.asarray(picture.convert(_plain_mode(picture.mode, colours=colours)))


def _plain_mode(mode: str, *, colours: bool) -> str:
    """Pillow's name of what a picture is turned into, without transparency."""
    if mode.startswith("I"):
        return mode  # 16 bits a pixel
    if colours or mode in ("RGBA", "CMYK", "YCbCr"):
        return "RGB"
    return {"LA": "L", "PA": "P", "1": "L"}.get(mode, mode)
