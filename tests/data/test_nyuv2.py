import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from mdml_tune.config.data import NyuV2Data
from mdml_tune.data.held_out import held_out
from mdml_tune.data.load import check_data, data_digest, load_split
from mdml_tune.data.split import Examples, SplitName
from mdml_tune.errors import ConfigError, DataError, UnavailableError
from mdml_tune.tasks import Task

TASKS = (Task.SEGMENTATION, Task.DEPTH, Task.NORMALS)
CONFIG = NyuV2Data(dataset="nyuv2", tasks=TASKS, val_fraction=0.25)
H, W = 8, 16
COUNTS = {"train": 8, "val": 3}

Arrays = dict[str, np.ndarray]


def arrays(name: str, number: int) -> Arrays:
    generator = np.random.default_rng([len(name), number])
    normal = generator.normal(size=(H, W, 3))
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    normal[0] = 0
    depth = generator.uniform(0.5, 9, size=(H, W, 1))
    depth[1] = 0
    return {
        "image": generator.uniform(size=(H, W, 3)),
        "label": generator.integers(-1, 13, size=(H, W)),
        "depth": depth,
        "normal": normal,
    }


def load(split: SplitName, root: Path) -> Examples:
    found = load_split(CONFIG, split, root)
    return found.batch(torch.arange(len(found)))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, count in COUNTS.items():
        for number in range(count):
            for kind, array in arrays(name, number).items():
                path = tmp_path / name / kind / f"{number}.npy"
                path.parent.mkdir(parents=True, exist_ok=True)
                np.save(path, array)
    return tmp_path


def test_the_official_val_is_our_test_in_order(root: Path) -> None:
    examples = load(SplitName.TEST, root)
    assert len(examples) == 3
    assert examples.classes == 13
    for number in range(3):
        stored = arrays("val", number)
        labelled, deep, upright = (
            stored["label"] >= 0,
            stored["depth"][..., 0] > 0,
            np.ones((H, W), bool),
        )
        upright[0] = False
        expected = (
            (Task.SEGMENTATION, stored["label"] * labelled, labelled),
            (Task.DEPTH, stored["depth"].transpose(2, 0, 1), deep),
            (Task.NORMALS, stored["normal"].transpose(2, 0, 1), upright),
        )
        assert_close(
            examples.images[number], torch.tensor(stored["image"].transpose(2, 0, 1)).float()
        )
        for task, target, valid in expected:
            ours = examples.targets[task][number]
            assert_close(ours, torch.tensor(target, dtype=ours.dtype))
            assert torch.equal(examples.valid[task][number], torch.tensor(valid))


@pytest.mark.parametrize(
    ("dtype", "ids"), [("<f2", "<f8"), ("<f4", "<i2"), (">f8", ">i4"), ("g", "<i8")]
)
def test_types_and_channel_axes_do_not_matter(root: Path, dtype: str, ids: str) -> None:
    before = load(SplitName.TEST, root)
    for number in range(3):
        stored = arrays("val", number)
        np.save(root / f"val/label/{number}.npy", stored["label"][..., None].astype(ids))
        np.save(root / f"val/depth/{number}.npy", stored["depth"][..., 0].astype(dtype))
        np.save(root / f"val/normal/{number}.npy", stored["normal"].astype(dtype))
        np.save(root / f"val/image/{number}.npy", np.round(stored["image"] * 255).astype("u1"))
    after = load(SplitName.TEST, root)
    assert_close(after.images, before.images, rtol=0, atol=0.5 / 255 + 1e-6)
    assert torch.equal(after.targets[Task.SEGMENTATION], before.targets[Task.SEGMENTATION])
    for task in (Task.DEPTH, Task.NORMALS):
        assert after.targets[task].dtype == torch.float32
        assert_close(after.targets[task], before.targets[task], rtol=1e-3, atol=1e-3)
    for task in TASKS:
        assert torch.equal(after.valid[task], before.valid[task])
    lengths = after.targets[Task.NORMALS].norm(dim=1)
    assert_close(lengths, after.valid[Task.NORMALS].float())


def test_images_with_channels_first(root: Path) -> None:
    before = load(SplitName.TEST, root)
    for number in range(3):
        for kind in ("image", "depth", "normal"):
            np.save(
                root / f"val/{kind}/{number}.npy", arrays("val", number)[kind].transpose(2, 0, 1)
            )
    after = load(SplitName.TEST, root)
    assert torch.equal(after.images, before.images)
    for task in TASKS:
        assert torch.equal(after.targets[task], before.targets[task])


@pytest.mark.parametrize("dtype", ["f2", "i2", "i1", "u1"])
def test_ignored_pixels_in_any_type(root: Path, dtype: str) -> None:
    before = load(SplitName.TEST, root)
    for number in range(3):
        label = arrays("val", number)["label"]
        np.save(root / f"val/label/{number}.npy", label.astype(dtype))  # -1 is 255 as uint8
    after = load(SplitName.TEST, root)
    for one, other in ((after.targets, before.targets), (after.valid, before.valid)):
        assert torch.equal(one[Task.SEGMENTATION], other[Task.SEGMENTATION])


def test_val_is_held_out_of_train(root: Path) -> None:
    train, val = (load(split, root) for split in (SplitName.TRAIN, SplitName.VAL))
    assert (len(train), len(val)) == (6, 2)
    learnt, kept = held_out(8, 0.25, 0)
    for examples, numbers in ((train, learnt), (val, kept)):
        for row, number in enumerate(numbers):
            stored = torch.tensor(arrays("train", number)["image"].transpose(2, 0, 1)).float()
            assert_close(examples.images[row], stored)


@pytest.mark.parametrize("count", [2, 3, 10, 795])
@pytest.mark.parametrize("fraction", [0.001, 0.2, 0.5, 0.999])
def test_the_hold_out_is_disjoint_and_covers(count: int, fraction: float) -> None:
    learnt, kept = held_out(count, fraction, 3)
    assert sorted(learnt + kept) == list(range(count))
    assert learnt == sorted(learnt)
    assert kept == sorted(kept)
    assert learnt
    assert kept
    assert abs(len(kept) - count * fraction) <= 1


def test_the_hold_out_is_seeded() -> None:
    assert held_out(20, 0.2, 0) == held_out(20, 0.2, 0)
    assert len({tuple(held_out(795, 0.2, seed)[1]) for seed in range(5)}) == 5
    # Pinned: another choice would make old results incomparable.
    assert held_out(20, 0.2, 0)[1] == [2, 3, 11, 13]


def test_a_parent_folder_will_do(root: Path, tmp_path: Path) -> None:
    parent = tmp_path / "parent"
    parent.mkdir()
    (parent / "nyuv2").symlink_to(root)
    check_data(CONFIG, parent)
    assert data_digest(CONFIG, parent) == data_digest(CONFIG, root)


def test_folders_of_other_tasks_need_not_be_there(root: Path) -> None:
    (root / "train/normal").rename(root / "train/elsewhere")
    depth = dataclasses.replace(CONFIG, tasks=(Task.DEPTH,))
    check_data(depth, root)
    assert load_split(depth, SplitName.TRAIN, root).classes == 0
    with pytest.raises(UnavailableError, match="train/normal"):
        check_data(CONFIG, root)


def test_nothing_there(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    empty = tmp_path / "empty"
    empty.mkdir()
    for root, found in (
        (None, "none was given"),
        (tmp_path / "gone", "does not exist"),
        (file, "not a folder"),
        (empty, "holds no train/ and val/, but nothing"),
    ):
        for call in (check_data, data_digest, lambda c, r: load_split(c, SplitName.VAL, r)):
            with pytest.raises(UnavailableError, match=found) as caught:
                call(CONFIG, root)
            assert "{0..N-1}.npy" in str(caught.value)
            assert "--data-root" in str(caught.value)


def test_tasks_that_nyuv2_does_not_offer(root: Path) -> None:
    config = dataclasses.replace(CONFIG, tasks=(Task.DEPTH, Task.ALBEDO))
    with pytest.raises(ConfigError, match="does not offer albedo"):
        check_data(config, root)


def ruin(path: str, array: Callable[[Arrays], np.ndarray]) -> Callable[[Path], None]:
    name, _, file = path.split("/")

    def act(root: Path) -> None:
        np.save(root / path, array(arrays(name, int(file.removesuffix(".npy")))), allow_pickle=True)

    return act


def cut(root: Path) -> None:
    path = root / "train/depth/3.npy"
    path.write_bytes(path.read_bytes()[:-7])


def hole(array: np.ndarray, value: float) -> np.ndarray:
    array = array.astype(np.float64)
    array.flat[5] = value
    return array


CORRUPTIONS: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut": (cut, "train/depth/3.npy cannot be read"),
    "empty": (lambda r: (r / "val/label/1.npy").write_bytes(b""), "val/label/1.npy cannot be read"),
    "text": (lambda r: (r / "val/image/1.npy").write_text("no"), "val/image/1.npy cannot be read"),
    "objects": (
        ruin("val/label/1.npy", lambda a: a["label"].astype(object)), "val/label/1.npy cannot be read"
    ),
    "strings": (ruin("val/label/1.npy", lambda a: a["label"].astype(str)), "val/label/1.npy holds <U"),
    "gone": (lambda r: (r / "train/depth/6.npy").unlink(), "train/depth holds 7 files"),
    "gap": (lambda r: (r / "train/image/4.npy").unlink(), "4.npy is missing and 7.npy is one too many"),
    "odd name": (lambda r: (r / "val/image/2.npy").rename(r / "val/image/two.npy"), "2.npy is missing"),
    "flipped axes": (
        ruin("val/image/0.npy", lambda a: a["image"].transpose(0, 2, 1)), "val/image/0.npy has shape"
    ),
    "unlabelled": (
        lambda r: [np.save(r / f"val/label/{k}.npy", np.full((H, W), -1)) for k in range(3)],
        "No image of test has a labelled pixel for segmentation",
    ),
    "grey": (ruin("train/image/5.npy", lambda a: a["image"][..., 0]), "train/image/5.npy has shape"),
    "three depths": (ruin("val/depth/2.npy", lambda a: a["image"]), "val/depth/2.npy has shape"),
    "flat normals": (ruin("val/normal/2.npy", lambda a: a["depth"]), "val/normal/2.npy has shape"),
    "another size": (ruin("val/label/2.npy", lambda a: a["label"][:, :8]), "val/label/2.npy is 8 x 8"),
    "nan": (ruin("train/depth/6.npy", lambda a: hole(a["depth"], np.nan)), "train/depth/6.npy holds 1"),
    "inf": (ruin("val/normal/0.npy", lambda a: hole(a["normal"], np.inf)), "val/normal/0.npy holds 1"),
    "nan image": (
        ruin("val/image/0.npy", lambda a: hole(a["image"], np.nan)), "val/image/0.npy holds 1"
    ),
    "class 13": (ruin("val/label/2.npy", lambda a: hole(a["label"], 13)), "val/label/2.npy holds .* to 13"),
    "class 1.5": (ruin("val/label/2.npy", lambda a: hole(a["label"], 1.5)), "val/label/2.npy holds fract"),
    "ignored by 255": (
        ruin("val/label/2.npy", lambda a: hole(a["label"], 255)), "Mark pixels without a label by -1"
    ),
    "behind": (ruin("val/depth/2.npy", lambda a: -a["depth"]), "val/depth/2.npy holds values from -"),
    "bright": (ruin("val/image/2.npy", lambda a: a["image"] * 255), "val/image/2.npy holds values"),
    "coded normals": (
        ruin("val/normal/2.npy", lambda a: a["image"] * 255), "val/normal/2.npy holds values"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_corrupt_files_are_refused_by_name(root: Path, name: str) -> None:
    check_data(CONFIG, root)
    damage, message = CORRUPTIONS[name]
    damage(root)
    with pytest.raises(DataError, match=message):
        check_data(CONFIG, root)
    with pytest.raises(DataError, match=message):
        [load_split(CONFIG, split, root) for split in SplitName]


def test_sides_that_are_no_multiples_of_8(root: Path) -> None:
    for path in root.glob("*/*/*.npy"):
        np.save(path, np.load(path)[:, :12])
    with pytest.raises(DataError, match=r"8 x 12 pixels; .* multiples of 8.* to 8 x 8\."):
        check_data(CONFIG, root)


def test_one_image_cannot_be_split(root: Path) -> None:
    for path in root.glob("train/*/*.npy"):
        if path.name != "0.npy":
            path.unlink()
    with pytest.raises(DataError, match="holds one image"):
        check_data(CONFIG, root)


def test_the_digest_follows_content_and_size_but_not_the_place(root: Path, tmp_path: Path) -> None:
    digest = data_digest(CONFIG, root)
    assert data_digest(dataclasses.replace(CONFIG, tasks=(Task.DEPTH,)), root) == digest
    assert data_digest(dataclasses.replace(CONFIG, seed=1), root) != digest
    np.save(root / "val/depth/0.npy", arrays("val", 1)["depth"])
    changed = data_digest(CONFIG, root)
    assert changed != digest
    np.save(root / "train/image/1.npy", arrays("train", 2)["image"])
    assert data_digest(CONFIG, root) not in {digest, changed}
    moved = tmp_path.parent / f"{tmp_path.name}-moved"
    before = data_digest(CONFIG, root)
    root.rename(moved)
    assert data_digest(CONFIG, moved) == before
