from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mdml_tune.config.data import CityscapesData, NyuV2Data
from mdml_tune.data.find import find_source
from mdml_tune.data.load import check_data, load_split
from mdml_tune.data.npy_source import NpySource
from mdml_tune.data.official_cityscapes import OfficialCityscapes
from mdml_tune.data.source import Source
from mdml_tune.data.split import SplitName
from mdml_tune.data.verify import verify
from mdml_tune.errors import UnavailableError
from mdml_tune.tasks import Task

CONFIG = CityscapesData(dataset="cityscapes", tasks=(Task.SEGMENTATION, Task.DEPTH))
Make = Callable[..., Path]


def found(config: CityscapesData | NyuV2Data, root: Path) -> tuple[Path, Source]:
    there = find_source(config, root)
    assert there is not None
    return there.home, there.source


@pytest.fixture
def official(tmp_path: Path) -> Path:
    for split, count in (("train", 3), ("val", 1)):
        for number in range(count):
            frame = f"{split}/ulm/ulm_000000_{number:06}"
            for kind, array in (
                ("leftImg8bit/{}_leftImg8bit", np.full((128, 256, 3), 60 * number, "u1")),
                ("gtFine/{}_gtFine_labelIds", np.full((128, 256), 7, "u1")),
                ("disparity/{}_disparity", np.full((128, 256), 257, "u2")),
            ):
                path = tmp_path / f"{kind.format(frame)}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(array).save(path)
    return tmp_path


def test_official_files_are_packed_and_loaded(official: Path) -> None:
    assert isinstance(found(CONFIG, official)[1], OfficialCityscapes)
    assert verify(CONFIG, official).problems == []
    check_data(CONFIG, official)
    split = load_split(CONFIG, SplitName.TRAIN, official)
    assert (len(split), split.classes, split.inverse_depth) == (2, 7, True)
    batch = split.batch(torch.arange(2))
    assert batch.valid[Task.DEPTH].all()
    assert (batch.targets[Task.SEGMENTATION] == 0).all()


def test_the_fields_layout_goes_before_the_official_one(official: Path, make_npy: Make) -> None:
    make_npy(official, ("image", "label_7", "depth"))
    assert isinstance(found(CONFIG, official)[1], NpySource)


def test_a_folder_that_bears_the_name(make_npy: Make, tmp_path: Path) -> None:
    make_npy(tmp_path / "nyuv2")
    config = NyuV2Data(dataset="nyuv2", tasks=(Task.DEPTH,))
    home, _ = found(config, tmp_path)
    assert home == tmp_path / "nyuv2"
    check_data(config, tmp_path)
    assert (tmp_path / "nyuv2/packed/train.pack").exists()
    with pytest.raises(UnavailableError, match="holds no train/ and val/, but nyuv2"):
        check_data(CONFIG, tmp_path)


def test_the_fingerprint_follows_names_sizes_and_times(make_npy: Make, tmp_path: Path) -> None:
    config = NyuV2Data(dataset="nyuv2", tasks=(Task.DEPTH,))
    root = make_npy(tmp_path / "here")

    def fingerprint(place: Path) -> str:
        there = find_source(config, place)
        assert there is not None
        return there.fingerprint()

    before = fingerprint(root)
    (root / "notes.txt").write_text("not a file of the data set")
    moved = root.rename(tmp_path / "there")
    assert fingerprint(moved) == before
    (moved / "val/depth/1.npy").touch()
    assert fingerprint(moved) != before
    (moved / "val/depth/1.npy").unlink()
    with pytest.raises(UnavailableError, match=r"val/depth/1\.npy cannot be read"):
        fingerprint(moved)
