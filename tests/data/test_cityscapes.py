import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from mdml_tune.config.data import CityscapesData
from mdml_tune.data.load import check_data, data_digest, load_split
from mdml_tune.data.split import SplitName
from mdml_tune.errors import ConfigError, UnavailableError
from mdml_tune.tasks import Task

CONFIG = CityscapesData(dataset="cityscapes", tasks=(Task.SEGMENTATION, Task.DEPTH))
Make = Callable[..., Path]


def test_depth_is_disparity_and_val_is_our_test(make_npy: Make, tmp_path: Path) -> None:
    root = make_npy(tmp_path, ("image", "label_7", "depth"), {"train": 4, "val": 3}, (16, 32))
    split = load_split(CONFIG, SplitName.TEST, root)
    assert (len(split), split.classes, split.size) == (3, 7, (16, 32))
    assert split.inverse_depth
    batch = split.batch(torch.tensor([2]))
    assert batch.inverse_depth
    stored = {kind: np.load(root / f"val/{kind}/2.npy") for kind in ("label_7", "depth")}
    assert_close(batch.targets[Task.DEPTH][0, 0], torch.tensor(stored["depth"][..., 0]))
    assert not batch.valid[Task.DEPTH][0, 0, 0]
    ids = torch.tensor(stored["label_7"])
    assert torch.equal(batch.valid[Task.SEGMENTATION][0], ids >= 0)
    assert torch.equal(batch.targets[Task.SEGMENTATION][0], ids.clamp(min=0))


@pytest.mark.parametrize("folder", ["label_7", "label"])
def test_both_names_of_the_labels(make_npy: Make, tmp_path: Path, folder: str) -> None:
    root = make_npy(tmp_path, ("image", "label_7", "depth"))
    digest = data_digest(CONFIG, root)
    for split in ("train", "val"):
        (root / split / "label_7").rename(root / split / folder)
    check_data(CONFIG, root)
    assert data_digest(CONFIG, root) == digest


def test_label_7_goes_before_label(make_npy: Make, tmp_path: Path) -> None:
    # A folder called `label` may hold anything else beside label_7, here ids up to 12.
    root = make_npy(tmp_path, ("image", "label_7", "label", "depth"))
    check_data(CONFIG, root)


def test_nineteen_classes_are_packed_apart(make_npy: Make, tmp_path: Path) -> None:
    root = make_npy(tmp_path, ("image", "label_7", "label_19", "depth"))
    fine = dataclasses.replace(CONFIG, classes=19)
    assert load_split(CONFIG, SplitName.TRAIN, root).classes == 7
    assert load_split(fine, SplitName.TRAIN, root).classes == 19
    assert data_digest(fine, root) != data_digest(CONFIG, root)
    times = {path: path.stat().st_mtime_ns for path in root.rglob("*.pack")}
    assert len(times) == 4
    check_data(CONFIG, root)
    check_data(fine, root)
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*.pack")} == times


def test_what_is_not_there(make_npy: Make, tmp_path: Path) -> None:
    root = make_npy(tmp_path, ("image", "label_7"))
    with pytest.raises(UnavailableError, match=r"no labels for depth .* train/depth and val/depth"):
        check_data(CONFIG, root)
    with pytest.raises(ConfigError, match="cityscapes does not offer normals"):
        check_data(dataclasses.replace(CONFIG, tasks=(Task.NORMALS,)), root)
    with pytest.raises(UnavailableError, match="train/label_19 and val/label_19"):
        check_data(dataclasses.replace(CONFIG, classes=19, tasks=(Task.SEGMENTATION,)), root)
