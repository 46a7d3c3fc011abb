from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from mdml_tune.data.layouts import CITYSCAPES_CLASSES
from mdml_tune.data.official import official_source
from mdml_tune.data.official_cityscapes import OfficialCityscapes, open_official_cityscapes
from mdml_tune.data.source import OfficialSplit
from mdml_tune.errors import DataError, UnavailableError
from mdml_tune.tasks import Task

TRAIN, TEST = OfficialSplit.TRAIN, OfficialSplit.TEST
SIZE = (16, 32)
FRAMES = {
    "train": ["zurich/zurich_000001_000019", "aachen/aachen_000002_000019", "aachen/aachen_000001_000019"],
    "val": ["lindau/lindau_000000_000019"],
}  # fmt: skip


def write(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def image(number: int) -> np.ndarray:
    down, across = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.stack([8 * down, 7 * across, np.full(SIZE, 50 * number)], axis=-1).astype("u1")


def label(number: int) -> np.ndarray:
    return ((np.arange(512).reshape(SIZE) + number) % 34).astype("u1")


def disparity(number: int) -> np.ndarray:
    return (np.arange(512).reshape(SIZE) * 63 * (number + 1)).astype("u2") % 32258


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for split, frames in FRAMES.items():
        for number, frame in enumerate(frames):
            write(tmp_path / f"leftImg8bit/{split}/{frame}_leftImg8bit.png", image(number))
            write(tmp_path / f"gtFine/{split}/{frame}_gtFine_labelIds.png", label(number))
            write(tmp_path / f"gtFine/{split}/{frame}_gtFine_instanceIds.png", disparity(number))
            write(tmp_path / f"disparity/{split}/{frame}_disparity.png", disparity(number))
    write(tmp_path / "leftImg8bit/test/berlin/berlin_000000_000019_leftImg8bit.png", image(0))
    return tmp_path


def test_frames_are_in_order_and_val_is_our_test(root: Path) -> None:
    source = open_official_cityscapes(root, 7, SIZE)
    assert [source.count(split) for split in OfficialSplit] == [3, 0, 1]
    assert source.tasks == (Task.SEGMENTATION, Task.DEPTH)
    assert source.inverse_depth
    names = [Path(source.name(TRAIN, index)).name for index in range(3)]
    assert names == [
        "aachen_000001_000019_leftImg8bit.png",
        "aachen_000002_000019_leftImg8bit.png",
        "zurich_000001_000019_leftImg8bit.png",
    ]
    for split, index, number in ((TRAIN, 0, 2), (TRAIN, 2, 0), (TEST, 0, 0)):
        example = source.read(split, index)
        assert_allclose(example.image, image(number).transpose(2, 0, 1) / 255, atol=1e-6)
        assert example.image.dtype == np.float32
    assert len(list(source.files())) == 4 * 3
    assert all(path.is_file() for path in source.files())


def test_disparity_is_the_fields(root: Path) -> None:
    path = next(root.glob("disparity/val/*/*.png"))
    known = np.zeros(SIZE, dtype="u2")
    known[0, :4] = [0, 1, 32257, 65535]
    write(path, known)
    found = open_official_cityscapes(root, 7, SIZE).read(TEST, 0).labels[Task.DEPTH]
    # lorenmt/mtan, issue 25: the largest raw value, 32257, is 0.4922 in the field's files.
    assert found.target.dtype == np.float32
    assert_allclose(found.target[0, 0, :4], [0, 1 / 65535, 0.49221, 1], rtol=1e-5)
    assert_array_equal(found.valid[0, :4], [False, True, True, True])
    assert not found.valid[1:].any()


def test_seven_categories_and_nineteen_classes(root: Path) -> None:
    # labels.py of cityscapesScripts, each label of which has a name, a trainId and a category.
    categories = {
        "flat": range(7, 11), "construction": range(11, 17), "object": range(17, 21),
        "nature": range(21, 23), "sky": [23], "human": [24, 25], "vehicle": range(26, 34),
    }  # fmt: skip
    classes = {
        "road": 7, "sidewalk": 8, "building": 11, "wall": 12, "fence": 13, "pole": 17,
        "traffic light": 19, "traffic sign": 20, "vegetation": 21, "terrain": 22, "sky": 23,
        "person": 24, "rider": 25, "car": 26, "truck": 27, "bus": 28, "train": 31,
        "motorcycle": 32, "bicycle": 33,
    }  # fmt: skip
    members = {7: categories, 19: {name: [number] for name, number in classes.items()}}
    for count, expected in members.items():
        source = open_official_cityscapes(root, count, SIZE)
        assert source.class_names == CITYSCAPES_CLASSES[count] == tuple(expected)
        found = source.read(TRAIN, 0).labels[Task.SEGMENTATION]
        before = label(2)
        assert found.target.dtype == np.int64
        for index, numbers in enumerate(expected.values()):
            assert_array_equal(
                found.valid & (found.target == index), np.isin(before, list(numbers))
            )
        known = [number for numbers in expected.values() for number in numbers]
        assert_array_equal(found.valid, np.isin(before, known))
        assert not found.target[~found.valid].any()


def test_smaller_by_half(root: Path) -> None:
    whole = open_official_cityscapes(root, 19, SIZE).read(TRAIN, 1)
    half = open_official_cityscapes(root, 19, (8, 16)).read(TRAIN, 1)
    for task in (Task.SEGMENTATION, Task.DEPTH):
        assert_array_equal(half.labels[task].target, whole.labels[task].target[..., 1::2, 1::2])
        assert_array_equal(half.labels[task].valid, whole.labels[task].valid[1::2, 1::2])
    inner = half.image[:, 1:-1, 1:-1]  # the averages of an even ramp lie between its pixels
    pairs = whole.image.reshape(3, 8, 2, 16, 2).mean(axis=(2, 4))[:, 1:-1, 1:-1]
    assert_allclose(inner, pairs, atol=1e-5)
    assert open_official_cityscapes(root, 19).read(TEST, 0).image.shape == (3, 128, 256)


def test_fine_stripes_are_averaged_when_shrunk(root: Path) -> None:
    stripes = np.zeros((*SIZE, 3), dtype="u1")
    stripes[:, 1::4] = 200
    write(next(root.glob("leftImg8bit/val/*/*.png")), stripes)
    shrunk = open_official_cityscapes(root, 7, (8, 8)).read(TEST, 0).image
    assert_allclose(shrunk[:, :, 1:-1] * 255, np.full((3, 8, 6), 50), atol=1)


def test_without_disparities(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    (root / "disparity").rename(root / "elsewhere")
    source = open_official_cityscapes(root, 19, SIZE)
    assert source.tasks == (Task.SEGMENTATION,)
    assert tuple(source.read(TEST, 0).labels) == source.tasks
    assert "segmentation only" in caplog.text


def test_the_door_knows_the_folders(root: Path, tmp_path: Path) -> None:
    source = official_source("cityscapes", root, 19)
    assert isinstance(source, OfficialCityscapes)
    assert source.classes == 19
    assert official_source("nyuv2", root, 13) is None
    parent = tmp_path / "parent"
    parent.mkdir()
    assert official_source("cityscapes", parent, 7) is None
    (parent / "cityscapes").symlink_to(root)
    assert official_source("cityscapes", parent, 7) is not None


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("gtFine/val/lindau/lindau_000000_000019_gtFine_labelIds.png", "1 files.*lindau.*labelIds"),
        (
            "disparity/train/aachen/aachen_000001_000019_disparity.png",
            "1 files.*aachen_000001.*disp",
        ),
        ("leftImg8bit/val/lindau/lindau_000000_000019_leftImg8bit.png", "There is no image .*val"),
    ],
)
def test_missing_files_are_found_first(root: Path, missing: str, message: str) -> None:
    (root / missing).unlink()
    with pytest.raises(UnavailableError, match=message):
        open_official_cityscapes(root, 7)


FAULTS: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "cut": ("leftImg8bit", lambda p: p.write_bytes(p.read_bytes()[:-30]), "cannot be read"),
    "text": ("gtFine", lambda p: p.write_text("no"), "cannot be read"),
    "label 34": ("gtFine", lambda p: write(p, label(0) + np.uint8(1)), "ids from 1 to 34"),
    "colours": ("gtFine", lambda p: write(p, image(0) % 34), "has shape"),
    "8 bits": ("disparity", lambda p: write(p, label(0)), "8 bits a pixel"),
    "another size": ("disparity", lambda p: write(p, disparity(0)[:8]), "is 8 x 32 pixels"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_damaged_files_are_named(root: Path, name: str) -> None:
    folder, damage, message = FAULTS[name]
    ending = "labelIds.png" if folder == "gtFine" else ".png"
    path = next(root.glob(f"{folder}/val/*/*{ending}"))
    damage(path)
    source = open_official_cityscapes(root, 7, SIZE)
    with pytest.raises(DataError, match=message) as caught:
        source.read(TEST, 0)
    assert str(path) in str(caught.value)
