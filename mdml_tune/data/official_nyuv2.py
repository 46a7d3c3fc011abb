"""NYUv2 as its makers publish it (Silberman et al. 2012).

The field shares smaller images whose script is lost (lorenmt/mtan, issue 10): ours, made from the
official files, are close to those and not equal to them.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mdml_tune.data.arrays import to_depth, to_edges, to_image, to_normals
from mdml_tune.data.files import read_picture
from mdml_tune.data.layouts import NYUV2_CLASSES
from mdml_tune.data.official_files import require
from mdml_tune.data.official_fit import crop, fit
from mdml_tune.data.official_labels import to_classes_by
from mdml_tune.data.official_nyuv2_files import (
    LABELLED,
    MAPPING,
    SPLITS,
    count_images,
    read_arrays,
    read_mapping,
    read_rows,
)
from mdml_tune.data.reading import LabelFile, as_text, read_example
from mdml_tune.data.source import Labels, OfficialSplit, RawExample
from mdml_tune.errors import DataError
from mdml_tune.tasks import Task

logger = logging.getLogger(__name__)

NORMALS = "normals_gt"
"""Normals were published apart (Eigen and Fergus 2015): below this folder, `normals/0000.png` holds
those of the first image, -1 as 0 and 1 as 255, and is to be believed where `masks/0000.png` is not
0. Normals of another origin can be stored likewise. The field learns from Eigen's."""

_ROWS, _COLUMNS = slice(44, 471), slice(40, 601)
"""Where Kinect's depth was projected: `get_projection_mask.m` of the makers' toolbox."""

_MIDDLE = 127.5
"""How 0 is stored in 8 bits."""

_SHORTEST = 0.5
"""Normals are stored in 8 bits: neither exactly 1 where there is one, nor 0 where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialNyuV2:
    """See ``Source``. Images without the white border, depth in metres with its holes filled."""

    root: Path
    rows: Mapping[OfficialSplit, tuple[int, ...]]
    """Of each split, where its images stand in the file, counted from 0."""
    classes: tuple[int, ...]
    """Of each label of NYUv2, its class; -1 where it has none."""
    tasks: tuple[Task, ...]
    size: tuple[int, int]

    @property
    def class_names(self) -> tuple[str, ...]:
        return NYUV2_CLASSES

    @property
    def inverse_depth(self) -> bool:
        return False

    def count(self, split: OfficialSplit) -> int:
        return len(self.rows.get(split, ()))

    def read(self, split: OfficialSplit, index: int) -> RawExample:
        row = self.rows[split][index]
        arrays = read_arrays(self.root / LABELLED, row)
        images, depths, labels = (
            self._inside(kind, row) for kind in ("images", "depths", "labels")
        )
        files: dict[Task, LabelFile] = {
            Task.SEGMENTATION: (
                labels,
                lambda: to_classes_by(self.classes, labels, arrays["labels"], len(NYUV2_CLASSES)),
            ),
            Task.DEPTH: (depths, lambda: to_depth(depths, arrays["depths"])),
        }
        if Task.NORMALS in self.tasks:
            normals, _ = self._normals_files(row)
            files[Task.NORMALS] = (normals, lambda: self._normals(row))
        example = read_example((images, lambda: to_image(images, arrays["images"])), files)
        return fit(crop(example, _ROWS, _COLUMNS), self.size)

    def name(self, split: OfficialSplit, index: int) -> str:
        return str(self._inside("images", self.rows[split][index]))

    def files(self) -> Iterator[Path]:
        yield from (self.root / name for name in (LABELLED, SPLITS, MAPPING))
        if Task.NORMALS in self.tasks:
            for rows in self.rows.values():
                for row in rows:
                    yield from self._normals_files(row)

    def _inside(self, kind: str, row: int) -> Path:
        """How messages call a part of the one file."""
        return self.root / f"{LABELLED}:{kind}[{row}]"

    def _normals(self, row: int) -> Labels:
        path, mask = self._normals_files(row)
        vectors = read_picture(path, colours=True).astype(np.float32) / _MIDDLE - 1
        normals = to_normals(path, vectors, shortest=_SHORTEST)
        trusted_HW = to_edges(mask, read_picture(mask, colours=False)).target[0] != 0
        if trusted_HW.shape != normals.valid.shape:
            raise DataError(
                f"{mask} is {as_text(trusted_HW.shape)} pixels and {path} is "
                f"{as_text(normals.valid.shape)}; they must be of one size."
            )
        valid_HW = normals.valid & trusted_HW
        return Labels(np.where(valid_HW, normals.target, 0), valid_HW)

    def _normals_files(self, row: int) -> tuple[Path, Path]:
        folder = self.root / NORMALS
        return folder / "normals" / f"{row:04d}.png", folder / "masks" / f"{row:04d}.png"


def open_official_nyuv2(root: Path, size: tuple[int, int] = (288, 384)) -> OfficialNyuV2:
    """The files in ``root``, after a look at how they fit together.

    Offers segmentation into 13 classes and depth, and normals where ``NORMALS`` is there.

    Raises:
        UnavailableError: A file or the package h5py is not there.
        DataError: A file cannot be read, or does not hold what it should.
    """
    tasks = (Task.SEGMENTATION, Task.DEPTH)
    normals = root / NORMALS / "normals"
    if normals.is_dir():
        tasks = (*tasks, Task.NORMALS)
    else:
        logger.warning("There is no folder %s: NYUv2 offers segmentation and depth only.", normals)
    source = OfficialNyuV2(
        root=root,
        rows=read_rows(root / SPLITS, count_images(root / LABELLED)),
        classes=read_mapping(root / MAPPING),
        tasks=tasks,
        size=size,
    )
    require(source.files(), f"NYUv2 below {root}", f"Copy them there, or move {NORMALS} away.")
    return source
