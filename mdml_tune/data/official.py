"""The door of the data sets as their makers publish them."""

from pathlib import Path

from mdml_tune.data.official_cityscapes import IMAGES, open_official_cityscapes
from mdml_tune.data.official_nyuv2 import open_official_nyuv2
from mdml_tune.data.official_nyuv2_files import LABELLED
from mdml_tune.data.source import Source


def official_source(dataset: str, root: Path, classes: int) -> Source | None:
    """The official files of ``dataset`` in ``root`` or in a folder of its name there.

    Args:
        dataset: `nyuv2` or `cityscapes`; no other data set has official files.
        root: Where to look.
        classes: Of segmentation; NYUv2 has 13 whatever is asked for.

    Returns:
        None where there is no sign of them.

    Raises:
        UnavailableError: Some of them are there, and some that belong to them are not.
        DataError: One cannot be read, or does not hold what it should.
    """
    for folder in (root, root / dataset):
        if dataset == "nyuv2" and (folder / LABELLED).is_file():
            return open_official_nyuv2(folder)
        if dataset == "cityscapes" and (folder / IMAGES).is_dir():
            return open_official_cityscapes(folder, classes)
    return None
