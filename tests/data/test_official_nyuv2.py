import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from scipy.io import savemat

from mdml_tune.data.layouts import NYUV2_CLASSES
from mdml_tune.data.official import official_source
from mdml_tune.data.official_nyuv2 import OfficialNyuV2, open_official_nyuv2
from mdml_tune.data.source import OfficialSplit
from mdml_tune.errors import DataError, UnavailableError
from mdml_tune.tasks import Task

TRAIN, TEST = OfficialSplit.TRAIN, OfficialSplit.TEST
H, W, COUNT = 480, 640, 4
WHOLE = (427, 561)
"""The size of an image without its border: nothing is resized."""
SPLITS = {"trainNdxs": [[3], [4]], "testNdxs": [[1], [2]]}

FORTY = np.arange(894) % 40 + 1
"""A mapping of 894 labels to 40 classes, in which label 1 is class 1, and 40 is 40."""


def image(row: int) -> np.ndarray:
    """(H, W, 3): which row, column and image it is."""
    down, across = np.mgrid[:H, :W]
    return np.stack([down % 256, across % 256, np.full((H, W), 10 * row)], axis=-1).astype("u1")


def depth(row: int) -> np.ndarray:
    down, across = np.mgrid[:H, :W]
    metres = (row + down / 1000 + across / 1e6).astype("f4")
    metres[100, 200] = 0
    return metres


def label(row: int) -> np.ndarray:
    return ((np.arange(H * W).reshape(H, W) + row) % 895).astype("u2")


def write_labelled(root: Path, **changed: np.ndarray) -> None:
    """As MATLAB does: what it calls (480, 640, 3, N) is (N, 3, 640, 480) in the file."""
    arrays = {
        "images": np.stack([image(row).transpose(2, 1, 0) for row in range(COUNT)]),
        "depths": np.stack([depth(row).T for row in range(COUNT)]),
        "labels": np.stack([label(row).T for row in range(COUNT)]),
        **changed,
    }
    with h5py.File(root / "nyu_depth_v2_labeled.mat", "w") as file:
        for name, array in arrays.items():
            file[name] = array


def write_normals(root: Path, row: int) -> None:
    """The upper half looks to the right, the lower at the camera; the first column is masked."""
    pixels = np.full((H, W, 3), 128, dtype="u1")
    pixels[: H // 2, :, 0] = 255
    pixels[H // 2 :, :, 2] = 0
    pixels[-10 - 9 :] = 127  # grey: no normal
    mask = np.full((H, W), 255, dtype="u1")
    mask[:, 40] = 0
    for kind, array in (("normals", pixels), ("masks", mask)):
        path = root / f"normals_gt/{kind}/{row:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(array).save(path)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("nyuv2")
    write_labelled(root)
    savemat(root / "splits.mat", {k: np.array(v, dtype="u2") for k, v in SPLITS.items()})
    savemat(root / "classMapping40.mat", {"mapClass": FORTY[None].astype("f8")})
    for row in range(COUNT):
        write_normals(root / "apart", row)
    return root


@pytest.fixture
def root(written: Path, tmp_path: Path) -> Path:
    shutil.copytree(written, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_images_are_upright_and_counted_from_one(root: Path) -> None:
    source = open_official_nyuv2(root, WHOLE)
    assert [source.count(split) for split in OfficialSplit] == [2, 0, 2]
    for split, rows in ((TRAIN, (2, 3)), (TEST, (0, 1))):
        for index, row in enumerate(rows):
            example = source.read(split, index)
            # Rows 45 to 471 and columns 41 to 601 in MATLAB's counting.
            inner = image(row)[44:471, 40:601].transpose(2, 0, 1)
            assert example.image.dtype == np.float32
            assert_allclose(example.image, inner / 255, atol=1e-6)
            metres = example.labels[Task.DEPTH]
            assert_allclose(metres.target[0], depth(row)[44:471, 40:601])
            assert_array_equal(metres.valid, metres.target[0] > 0)
            assert metres.valid.sum() == metres.valid.size - 1


def test_labels_become_the_13_classes(root: Path) -> None:
    found = open_official_nyuv2(root, WHOLE).read(TEST, 1).labels[Task.SEGMENTATION]
    before = label(1)[44:471, 40:601]
    assert_array_equal(found.valid, before > 0)
    assert_array_equal(found.target[before == 0], 0)
    names = {
        # Of the 40 classes: wall, floor, cabinet, bed, chair, sofa, table, door, window, bookshelf,
        # picture, counter, blinds, desk, ... television, ... otherprop.
        1: "wall", 2: "floor", 3: "furniture", 4: "bed", 5: "chair", 6: "sofa", 7: "table",
        8: "wall", 9: "window", 10: "furniture", 11: "picture", 12: "furniture", 13: "window",
        22: "ceiling", 23: "books", 25: "tv", 40: "objects",
    }  # fmt: skip
    for forty, name in names.items():
        for number in (forty, forty + 40, forty + 800):  # all of them are that one of the 40
            assert {NYUV2_CLASSES[id_] for id_ in found.target[before == number]} == {name}
    assert set(np.unique(found.target)) == set(range(13))


def test_the_default_size_is_the_fields(root: Path) -> None:
    large = open_official_nyuv2(root, WHOLE).read(TRAIN, 0)
    small = open_official_nyuv2(root).read(TRAIN, 0)
    assert small.image.shape == (3, 288, 384)
    # The centre of a new pixel lies in the old one whose labels it takes.
    rows = np.floor((np.arange(288) + 0.5) * 427 / 288).astype(int)
    columns = np.floor((np.arange(384) + 0.5) * 561 / 384).astype(int)
    for task in (Task.SEGMENTATION, Task.DEPTH):
        before, after = large.labels[task], small.labels[task]
        assert_array_equal(after.target, before.target[..., rows[:, None], columns])
        assert_array_equal(after.valid, before.valid[rows[:, None], columns])
    # Up to column 200 the green of the image counts columns.
    expected = (np.arange(384) + 0.5) * 561 / 384 - 0.5 + 40
    assert_allclose(small.image[1, 5, 5:100] * 255, expected[5:100], atol=0.1)


def test_without_normals_there_are_two_tasks(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = open_official_nyuv2(root)
    assert source.tasks == (Task.SEGMENTATION, Task.DEPTH)
    assert tuple(source.read(TEST, 0).labels) == source.tasks
    assert "segmentation and depth only" in caplog.text
    assert [path.name for path in source.files()] == [
        "nyu_depth_v2_labeled.mat", "splits.mat", "classMapping40.mat",
    ]  # fmt: skip


def test_normals_beside_them(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    (root / "apart/normals_gt").rename(root / "normals_gt")
    source = open_official_nyuv2(root, WHOLE)
    assert not caplog.text
    assert source.tasks == (Task.SEGMENTATION, Task.DEPTH, Task.NORMALS)
    found = source.read(TRAIN, 1).labels[Task.NORMALS]
    assert not found.valid[:, 0].any()
    assert not found.valid[-10:].any()
    assert found.valid[:-10, 1:].all()
    assert_allclose(np.linalg.norm(found.target, axis=0), found.valid, atol=1e-6)
    assert_allclose(found.target[:, 0, 1], [1, 0, 0], atol=0.01)
    assert_allclose(found.target[:, 195, 1], [1, 0, 0], atol=0.01)
    assert_allclose(found.target[:, 196, 1], [0, 0, -1], atol=0.01)
    names = {f"{path.parent.name}/{path.name}" for path in source.files()}
    assert {"normals/0000.png", "masks/0003.png"} < names


def test_each_image_finds_its_own_normals(root: Path) -> None:
    (root / "apart/normals_gt").rename(root / "normals_gt")
    blue = np.full((H, W, 3), (128, 128, 255), dtype="u1")
    Image.fromarray(blue).save(
        root / "normals_gt/normals/0002.png"
    )  # the third, and first of train
    source = open_official_nyuv2(root, WHOLE)
    assert source.read(TRAIN, 0).labels[Task.NORMALS].target[2, 0, 1] > 0.99
    assert source.read(TRAIN, 1).labels[Task.NORMALS].target[2, 0, 1] < 0.01
    (root / "normals_gt/masks/0001.png").unlink()
    with pytest.raises(UnavailableError, match=r"1 files .*masks/0001\.png"):
        open_official_nyuv2(root)


def test_the_door_knows_the_file(root: Path, tmp_path: Path) -> None:
    assert isinstance(official_source("nyuv2", root, 13), OfficialNyuV2)
    assert official_source("cityscapes", root, 7) is None
    assert official_source("rooms", root, 6) is None
    parent = tmp_path / "parent"
    parent.mkdir()
    assert official_source("nyuv2", parent, 13) is None
    (parent / "nyuv2").symlink_to(root)
    source = official_source("nyuv2", parent, 13)
    assert source is not None
    assert source.class_names == NYUV2_CLASSES
    assert not source.inverse_depth
    assert source.name(TEST, 1).endswith("nyu_depth_v2_labeled.mat:images[1]")


@pytest.mark.parametrize("mask", [np.ones((8, 8), "u1"), np.ones((H, W, 3), "u1")])
def test_masks_that_do_not_fit_are_named(root: Path, mask: np.ndarray) -> None:
    (root / "apart/normals_gt").rename(root / "normals_gt")
    Image.fromarray(mask).save(root / "normals_gt/masks/0001.png")
    with pytest.raises(DataError, match=r"masks/0001\.png"):
        open_official_nyuv2(root).read(TEST, 1)


def truncate(root: Path) -> None:
    path = root / "nyu_depth_v2_labeled.mat"
    path.write_bytes(path.read_bytes()[:5000])


FAULTS: dict[str, tuple[Callable[[Path], object], type[Exception], str]] = {
    "no splits": (
        lambda r: (r / "splits.mat").unlink(), UnavailableError, "splits.mat.*indoor_seg_sup"
    ),
    "no mapping": (
        lambda r: (r / "classMapping40.mat").unlink(), UnavailableError, "Mapping40.*nyuv2-meta-data"
    ),
    "cut": (truncate, DataError, "nyu_depth_v2_labeled.mat cannot be read"),
    "not HDF5": (
        lambda r: (r / "nyu_depth_v2_labeled.mat").write_text("<html>"), DataError,
        "nyu_depth_v2_labeled.mat cannot be read",
    ),
    "no labels": (
        lambda r: h5py.File(r / "nyu_depth_v2_labeled.mat", "a").pop("labels"), DataError,
        "nyu_depth_v2_labeled.mat cannot be read",
    ),
    "transposed": (
        lambda r: write_labelled(r, depths=np.zeros((COUNT, H, W), "f4")), DataError, "shapes"
    ),
    "one short": (
        lambda r: write_labelled(r, labels=np.zeros((COUNT - 1, W, H), "u2")), DataError, "shapes"
    ),
    "split text": (
        lambda r: (r / "splits.mat").write_text("no"), DataError, "splits.mat cannot be read"
    ),
    "split of others": (
        lambda r: savemat(r / "splits.mat", {"train": 1}), DataError, "splits.mat cannot be read"
    ),
    "from 0": (
        lambda r: savemat(r / "splits.mat", {"trainNdxs": [[0]], "testNdxs": [[1]]}), DataError,
        "from 1 to 4",
    ),
    "beyond": (
        lambda r: savemat(r / "splits.mat", {"trainNdxs": [[5]], "testNdxs": [[1]]}), DataError,
        "from 1 to 4",
    ),
    "leaking": (
        lambda r: savemat(r / "splits.mat", {"trainNdxs": [[1]], "testNdxs": [[1]]}), DataError,
        "each image once",
    ),
    "short mapping": (
        lambda r: savemat(r / "classMapping40.mat", {"mapClass": FORTY[None, 1:]}), DataError,
        "893 labels",
    ),
    "from 0 to 39": (
        lambda r: savemat(r / "classMapping40.mat", {"mapClass": FORTY[None] - 1}), DataError,
        "classes 0 to 39",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_found_before_the_first_image(root: Path, name: str) -> None:
    damage, kind, message = FAULTS[name]
    damage(root)
    with pytest.raises(kind, match=message):
        open_official_nyuv2(root)


def test_images_that_cannot_be_learnt_from_are_named(root: Path) -> None:
    labels = np.stack([label(row).T for row in range(COUNT)])
    labels[1, 3, 4] = 895
    depths = np.stack([depth(row).T for row in range(COUNT)])
    depths[1, 3, 4] = np.nan
    write_labelled(root, labels=labels, depths=depths)
    source = open_official_nyuv2(root)
    source.read(TEST, 0)
    with pytest.raises(DataError) as caught:
        source.read(TEST, 1)
    assert "labels[1] holds label ids from 0 to 895" in str(caught.value)
    assert "depths[1] holds 1 values that are NaN" in str(caught.value)


def test_without_h5py(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(UnavailableError, match="pip install h5py"):
        open_official_nyuv2(root)
