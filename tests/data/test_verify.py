import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mdml_tune.config.data import FolderData, NyuV2Data
from mdml_tune.data.load import check_data
from mdml_tune.data.source import OfficialSplit
from mdml_tune.data.verify import verify
from mdml_tune.errors import UnavailableError
from mdml_tune.tasks import Task

CONFIG = NyuV2Data(dataset="nyuv2", tasks=(Task.DEPTH,))
TRAIN, TEST = OfficialSplit.TRAIN, OfficialSplit.TEST


@pytest.fixture
def root(make_npy: Callable[..., Path], tmp_path: Path) -> Path:
    return make_npy(tmp_path / "root")


def test_sound_data_are_counted(root: Path) -> None:
    for number in range(2):
        depth = np.ones((8, 16))
        depth[:2] = 0
        np.save(root / f"val/depth/{number}.npy", depth)
    findings = verify(CONFIG, root)
    assert findings.problems == findings.warnings == findings.packed == []
    assert findings.counts == {TRAIN: 5, TEST: 2}
    assert findings.labelled[TEST][Task.DEPTH] == 0.75
    assert set(findings.labelled[TRAIN]) == {Task.SEGMENTATION, Task.DEPTH, Task.NORMALS}
    assert not list(root.rglob("*.pack"))


def test_every_problem_is_listed_with_its_file(root: Path) -> None:
    def change(path: str, array: np.ndarray) -> None:
        np.save(root / path, array)

    change("train/label/1.npy", np.full((8, 16), 13))
    change("train/depth/1.npy", np.full((8, 16), np.nan))
    change("train/image/2.npy", np.full((16, 16, 3), 0.5))
    change("val/normal/0.npy", np.zeros((8, 16)))
    change("val/depth/0.npy", np.zeros((8, 16)))
    change("train/normal/4.npy", np.zeros((8, 16, 3)))
    (root / "val/label/1.npy").write_bytes(b"\x93NUMPY")
    (root / "train/depth/3.npy").unlink()
    findings = verify(CONFIG, root)
    expected = [
        "train/label/1.npy holds values from 13 to 13",
        "train/depth/1.npy holds 128 values that are NaN",
        "train/image/2.npy is 16 x 16",
        "val/normal/0.npy has shape (8, 16)",
        "val/label/1.npy cannot be read",
        "train/depth/3.npy cannot be read",
        "train/depth holds 4 files and",
    ]
    for text in expected:
        assert any(text in line for line in findings.problems), text
    assert all(any(path.split()[0] in line for path in expected) for line in findings.problems)
    assert findings.warnings == [
        f"1 of 2 images of train have no labelled pixel for normals, the first is "
        f"{root}/train/image/4.npy.",
    ]


def test_a_first_image_of_no_use_hides_nothing(root: Path) -> None:
    np.save(root / "train/image/0.npy", np.full((8, 16, 3), 7.0))
    np.save(root / "train/image/1.npy", np.full((8, 16, 3), 9.0))
    problems = verify(CONFIG, root).problems
    assert ["0.npy" in problems[0], "1.npy" in problems[1]] == [True, True]
    assert len(problems) == 2


def test_a_task_without_any_label(root: Path) -> None:
    for number in range(2):
        np.save(root / f"val/depth/{number}.npy", np.zeros((8, 16)))
    findings = verify(CONFIG, root)
    assert len(findings.problems) == 1
    assert "No image of test has a labelled pixel for depth" in findings.problems[0]


def test_packed_files_are_compared_with_their_checksums(root: Path, tmp_path: Path) -> None:
    check_data(CONFIG, root)
    path = root / "packed/test.pack"
    assert verify(CONFIG, root).packed == [root / "packed/train.pack", path]
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    shutil.copytree(root / "packed", tmp_path / "alone")
    for place in (root, tmp_path / "alone"):
        findings = verify(CONFIG, place)
        assert len(findings.problems) == 1
        assert "test.pack is damaged: normals/valid differ" in findings.problems[0]
    assert findings.packed == [tmp_path / "alone/train.pack"]
    assert findings.counts == {TRAIN: 5}
    (tmp_path / "alone/test.pack").unlink()
    assert "holds no test.pack" in verify(CONFIG, tmp_path / "alone").problems[0]


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="holds no train/ and val/"):
        verify(CONFIG, tmp_path)
    with pytest.raises(UnavailableError, match="does not exist"):
        verify(FolderData(dataset="folder", tasks=(Task.DEPTH,)), tmp_path / "gone")
