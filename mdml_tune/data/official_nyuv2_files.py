"""What the official files of NYUv2 hold, as MATLAB has written them.

Shape suffixes: H height, W width.
"""

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from mdml_tune.data.source import OfficialSplit
from mdml_tune.errors import DataError, UnavailableError

LABELLED = "nyu_depth_v2_labeled.mat"
SPLITS = "splits.mat"
MAPPING = "classMapping40.mat"

_SHAPES = {"images": (3, 640, 480), "depths": (640, 480), "labels": (640, 480)}
"""MATLAB stores columns first: what it calls (480, 640, 3, N) is (N, 3, 640, 480) here."""

_ORIGINS = {
    SPLITS: "It says which images are for training and which for testing, and lies beside the data "
    "set: horatio.cs.nyu.edu/mit/silberman/indoor_seg_sup/splits.mat.",
    MAPPING: "It maps the 894 labels of NYUv2 to 40 classes (Gupta et al. 2013) and comes with "
    "github.com/ankurhanda/nyuv2-meta-data.",
}

_LABELS = 894

_FORTY = 40

_THIRTEEN_OF_FORTY = (
    12, 5, 6, 1, 4, 9, 10, 12, 13, 6, 8, 6, 13, 10, 6, 13, 6, 7, 7, 5,
    7, 3, 2, 6, 11, 7, 7, 7, 7, 7, 7, 6, 7, 7, 7, 7, 7, 7, 6, 7,
)  # fmt: skip
"""Of each of the 40 classes, its number among the 13, counted from 1 (Couprie et al. 2013; the
numbers are those of class13Mapping.mat in ankurhanda/nyuv2-meta-data)."""


def count_images(path: Path) -> int:
    """How many images there are, after a look at the shape of everything.

    Raises:
        UnavailableError: The package h5py is not installed.
        DataError: The file cannot be read, or holds something else.
    """
    h5py = _h5py(path)
    try:
        with h5py.File(path, "r") as file:
            shapes = {name: tuple(file[name].shape) for name in _SHAPES}
    except (OSError, KeyError, AttributeError) as error:
        raise _unreadable(path, error) from error
    count = shapes["images"][0]
    expected = {name: (count, *shape) for name, shape in _SHAPES.items()}
    if shapes != expected:
        raise DataError(f"{path} holds arrays of shapes {shapes}; they must be {expected}.")
    return count


def read_arrays(path: Path, row: int) -> Mapping[str, NDArray[np.generic]]:
    """`images` (3, H, W) uint8, `depths` (H, W) in metres and `labels` (H, W) of one image.

    Raises:
        UnavailableError: The package h5py is not installed.
        DataError: The file cannot be read.
    """
    h5py = _h5py(path)
    try:
        with h5py.File(path, "r") as file:
            return {name: np.asarray(file[name][row]).swapaxes(-1, -2) for name in _SHAPES}
    except (OSError, KeyError) as error:
        raise _unreadable(path, error) from error


def read_rows(path: Path, count: int) -> Mapping[OfficialSplit, tuple[int, ...]]:
    """Which images each split holds, counted from 0, in the order of the file.

    Raises:
        UnavailableError: The file is not there.
        DataError: The file cannot be read, or does not split ``count`` images in two.
    """
    kinds = {OfficialSplit.TRAIN: "trainNdxs", OfficialSplit.TEST: "testNdxs"}
    rows = {
        split: tuple(int(number) - 1 for number in _read_mat(path, kind).flat)
        for split, kind in kinds.items()
    }
    every = [row for split in rows.values() for row in split]
    if len(set(every)) < len(every) or not all(0 <= row < count for row in every):
        raise DataError(
            f"{path} must name each image once, by a number from 1 to {count}, which is how many "
            f"{path.with_name(LABELLED)} holds. {_ORIGINS[SPLITS]}"
        )
    return rows


def read_mapping(path: Path) -> tuple[int, ...]:
    """Of each label of NYUv2, 0 to 894, its class among the 13, counted from 0; -1 for label 0.

    Raises:
        UnavailableError: The file is not there.
        DataError: The file cannot be read, or maps to something else.
    """
    forty = _read_mat(path, "mapClass").astype(np.int64).ravel()
    if len(forty) != _LABELS or forty.min() < 1 or forty.max() > _FORTY:
        raise DataError(
            f"{path} maps {len(forty)} labels to classes {forty.min()} to {forty.max()}; it must "
            f"map {_LABELS} labels to classes 1 to {_FORTY}. {_ORIGINS[MAPPING]}"
        )
    return (-1, *(_THIRTEEN_OF_FORTY[number - 1] - 1 for number in forty.tolist()))


def _read_mat(path: Path, name: str) -> NDArray[np.generic]:
    if not path.is_file():
        raise UnavailableError(
            f"NYUv2 needs the file {path.name} beside {LABELLED}, and there is no {path}. "
            f"{_ORIGINS[path.name]} Copy it there."
        )
    try:
        return np.asarray(loadmat(path, variable_names=[name])[name])
    except (OSError, ValueError, KeyError, TypeError, NotImplementedError, MatReadError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(f"{path} cannot be read: {error}. Copy it again from its source.")


def _h5py(path: Path) -> ModuleType:
    try:
        import h5py  # noqa: PLC0415 - only who packs the official file needs it, no trainer does
    except ImportError as error:
        raise UnavailableError(
            f"Reading {path} needs the package h5py. Install it: pip install h5py"
        ) from error
    return h5py
