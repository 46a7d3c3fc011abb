import re
import struct
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.testing import assert_close

from mdml_tune.config.data import FolderData
from mdml_tune.data.load import check_data, data_digest, load_split
from mdml_tune.data.split import Examples, SplitName
from mdml_tune.errors import ConfigError, DataError, UnavailableError
from mdml_tune.tasks import Task

H, W = 8, 16
DEPTH = "{depth: {files: '{split}/d/{id}.npy'}}"
DOCUMENT = Path(__file__).parents[2] / "docs/data.md"


def config(*tasks: Task) -> FolderData:
    return FolderData(dataset="folder", tasks=tasks)


def load(root: Path, *tasks: Task, split: SplitName = SplitName.TRAIN) -> Examples:
    found = load_split(config(*tasks), split, root)
    return found.batch(torch.arange(len(found)))


def write(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npy":
        np.save(path, array)
    else:
        Image.fromarray(array).save(path)


def grey(value: int, dtype: str = "u1") -> np.ndarray:
    return np.full((H, W), value, dtype)


@pytest.fixture
def describe(tmp_path: Path) -> Callable[..., Path]:
    """A data set of four training and two test images, with labels as given for each."""

    def act(tasks: str, labels: Mapping[str, np.ndarray], rest: str = "") -> Path:
        text = f'images: "{{split}}/image/{{id}}.png"\ntasks: {tasks}\n{rest}'
        (tmp_path / "dataset.yaml").write_text(text)
        for split, count in (("train", 4), ("test", 2)):
            for number in range(count):
                colours = np.full((H, W, 3), number, "u1")
                write(tmp_path / split / "image" / f"{number}.png", colours)
                for name, array in labels.items():
                    folder, suffix = name.split(".")
                    write(tmp_path / split / folder / f"{number}.{suffix}", array)
        return tmp_path

    return act


Describe = Callable[..., Path]


def test_the_example_of_the_documentation(tmp_path: Path) -> None:
    example = next(
        found for found in re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
        if "images:" in found
    )  # fmt: skip
    (tmp_path / "dataset.yaml").write_text(example)
    for split, count in (("train", 3), ("val", 2), ("test", 1)):
        for number in range(count):
            chance = np.random.default_rng(number)
            files = {
                "photo/{}.jpg": chance.integers(0, 256, (H, W, 3), "u1"),
                "label/{}.png": np.where(chance.random((H, W)) < 0.2, 255, 3).astype("u1"),
                "depth/{}.png": chance.integers(0, 5000, (H, W), "u2"),
                "normals/{}.npy": np.tile(np.float32([0, 0.6, 0.8]), (H, W, 1)),
            }
            for name, array in files.items():
                write(tmp_path / split / name.format(f"{number:04}"), array)
    tasks = (Task.SEGMENTATION, Task.DEPTH, Task.NORMALS)
    check_data(config(*tasks), tmp_path)
    counts = [len(load_split(config(*tasks), split, tmp_path)) for split in SplitName]
    assert counts == [3, 2, 1]
    examples = load(tmp_path, *tasks, split=SplitName.VAL)
    assert examples.classes == 4
    millimetres = np.asarray(Image.open(tmp_path / "val/depth/0001.png")).astype("f4")
    assert_close(examples.targets[Task.DEPTH][1, 0], torch.from_numpy(millimetres / 1000))
    assert_close(examples.targets[Task.NORMALS][0, :, 0, 0], torch.tensor([0, 0.6, 0.8]))
    assert set(examples.targets[Task.SEGMENTATION][examples.valid[Task.SEGMENTATION]].tolist()) == {
        3
    }
    assert 0 < examples.valid[Task.SEGMENTATION].float().mean() < 1
    assert not examples.inverse_depth


def test_without_val_some_of_train_is_held_out(describe: Describe) -> None:
    root = describe("{depth: {files: '{split}/depth/{id}.npy'}}", {"depth.npy": grey(1)})
    (root / "test/image/._0.png").write_bytes(b"what macOS leaves on foreign disks")
    sizes = [len(load_split(config(Task.DEPTH), split, root)) for split in SplitName]
    assert sizes == [3, 1, 2]


def test_class_ids(describe: Describe) -> None:
    ids = grey(1)
    ids[0], ids[1], ids[2] = 0, 3, 9
    root = describe(
        "{segmentation: {files: '{split}/ids/{id}.png', classes: 3, ignore: [0, 9], first_id: 1}}",
        {"ids.png": ids},
    )
    examples = load(root, Task.SEGMENTATION)
    assert examples.classes == 3
    assert examples.valid[Task.SEGMENTATION][0, :, 0].tolist() == [False, True, False] + [True] * 5
    assert examples.targets[Task.SEGMENTATION][0, :, 0].tolist() == [0, 2, 0] + [0] * 5


def test_palettes_are_ids(describe: Describe) -> None:
    root = describe(
        "{segmentation: {files: '{split}/ids/{id}.png', classes: 3}}", {"ids.png": grey(2)}
    )
    for path in root.glob("*/ids/*.png"):
        picture = Image.fromarray(grey(2), mode="L").convert("P")
        picture.putpalette([9, 9, 9, 200, 0, 0, 0, 200, 0])
        picture.putdata([2] * (H * W))
        picture.save(path)
    assert (load(root, Task.SEGMENTATION).targets[Task.SEGMENTATION] == 2).all()


def test_disparity_with_its_own_mark_of_invalid(describe: Describe) -> None:
    stored = np.full((H, W), 4.0, "f4")
    stored[0], stored[1] = -1, 0
    root = describe(
        "{depth: {files: '{split}/d/{id}.npy', invalid: -1, scale: 0.5, inverse: true}}",
        {"d.npy": stored},
    )
    examples = load(root, Task.DEPTH)
    assert examples.inverse_depth
    assert examples.valid[Task.DEPTH][0, :, 0].tolist() == [False, False] + [True] * 6
    assert examples.targets[Task.DEPTH][0, 0, :, 0].tolist() == [0, 0] + [2] * 6


def test_normals_edges_and_albedo_from_pictures(describe: Describe) -> None:
    coded = np.full((H, W, 3), 127, "u1")  # middle grey: no normal
    coded[1] = 0  # black: none either
    coded[2:] = [128, 127, 255]
    edges = grey(0)
    edges[0], edges[1] = 255, 7
    root = describe(
        "{normals: {files: '{split}/n/{id}.png'}, albedo: {files: '{split}/a/{id}.png'},"
        " edges: {files: '{split}/e/{id}.png', ignore: [7]}}",
        {"n.png": coded, "a.png": np.full((H, W, 3), 51, "u1"), "e.png": edges},
    )
    examples = load(root, Task.NORMALS, Task.ALBEDO, Task.EDGES)
    assert examples.valid[Task.NORMALS][0, :, 0].tolist() == [False, False] + [True] * 6
    assert_close(
        examples.targets[Task.NORMALS][0, :, 2, 0],
        torch.tensor([1 / 255, -1 / 255, 1]),
        atol=1e-4,
        rtol=0,
    )
    assert (examples.targets[Task.ALBEDO] == np.float32(0.2)).all()
    assert examples.targets[Task.EDGES][0, 0, :, 0].tolist() == [1] + [0] * 7
    assert examples.valid[Task.EDGES][0, :, 0].tolist() == [True, False] + [True] * 6


def test_pictures_of_one_channel_and_with_transparency(describe: Describe) -> None:
    root = describe(DEPTH, {"d.npy": grey(1)})
    Image.fromarray(grey(51)).save(root / "test/image/0.png")
    Image.fromarray(np.full((H, W, 4), 51, "u1")).save(root / "test/image/1.png")
    images = load(root, Task.DEPTH, split=SplitName.TEST).images
    assert images.shape == (2, 3, H, W)
    assert (images == np.float32(0.2)).all()


def test_what_pillow_would_round_is_refused(describe: Describe) -> None:
    root = describe(DEPTH, {"d.npy": grey(1)})
    write_deep_png(root / "test/image/0.png", np.zeros((H, W, 3)))
    with pytest.raises(DataError, match=r"image/0\.png cannot be read: .*lower 8 of its 16 bits"):
        check_data(config(Task.DEPTH), root)


def write_deep_png(path: Path, pixels: np.ndarray) -> None:
    """A PNG of 16 bits a channel, which Pillow cannot write."""

    def chunk(name: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + checksum

    header = struct.pack(">IIBBBBB", W, H, 16, 2, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def test_lists_of_ids(describe: Describe) -> None:
    root = describe(
        "{depth: {files: 'train/depth/{id}.npy'}}",
        {"depth.npy": grey(1)},
        "splits: {train: a.txt, val: b.txt, test: c.txt}",
    )
    text = (root / "dataset.yaml").read_text()
    (root / "dataset.yaml").write_text(text.replace("{split}/image", "train/image"))
    for name, ids in (("a", "3\n1\n"), ("b", "0"), ("c", "\n2\n")):
        (root / f"{name}.txt").write_text(ids)
    levels = {
        split: (load(root, Task.DEPTH, split=split).images[:, 0, 0, 0] * 255).round().tolist()
        for split in SplitName
    }
    assert levels == {"train": [3, 1], "val": [0], "test": [2]}
    (root / "c.txt").write_text("2\n1")
    with pytest.raises(DataError, match="image 1 is in train and in test"):
        check_data(config(Task.DEPTH), root)
    (root / "c.txt").write_text("2\n2")
    with pytest.raises(DataError, match=r"c\.txt names 2 twice"):
        check_data(config(Task.DEPTH), root)
    (root / "c.txt").unlink()
    with pytest.raises(UnavailableError, match=r"c\.txt cannot be read"):
        check_data(config(Task.DEPTH), root)


def test_the_digest_knows_meaning_and_not_words(describe: Describe) -> None:
    tasks = "{segmentation: {files: '{split}/s/{id}.png', classes: [a, b]}, depth: {files: '{split}/d/{id}.npy'}}"
    root = describe(tasks, {"s.png": grey(1), "d.npy": grey(2)})
    wanted = config(Task.DEPTH)
    digest = data_digest(wanted, root)
    changes = {("[a, b]", "[c, d]"): True, ("[a, b]", "3"): False, ("d/{id}.npy'", "d/{id}.npy', scale: 2"): False}  # fmt: skip
    for (old, new), same in changes.items():
        (root / "dataset.yaml").write_text(
            f'images: "{{split}}/image/{{id}}.png"\ntasks: {tasks.replace(old, new)}'
        )
        assert (data_digest(wanted, root) == digest) is same, new


DESCRIPTIONS = {
    "{depht: {files: '{split}/d/{id}.npy'}}": "tasks.depht: unknown key .*did you mean 'depth'",
    "{}": "tasks: describe at least one of",
    "{depth: {files: '{split}/d.npy'}}": r"tasks.depth.files: give a path with \{id\} in it",
    "{depth: {files: '{split}/{id}.tif'}}": "ends in .npy, .png, .jpg",
    "{depth: {files: '{split}/*/{id}.png'}}": "without \\* and \\?",
    "{depth: {files: '{id}.npy', scale: -1}}": "tasks.depth.scale: should be greater than 0",
    "{segmentation: {files: '{id}.png', classes: 1}}": "classes: list the names of the classes",
    "{segmentation: {files: '{id}.png', classes: 3, ignore: [2]}}": "2 is the id of a class",
    DEPTH + "\nsplits: {train: a, test: a}": "splits.test: 'a' is train already",
    DEPTH + "\nimages: x": "'images' is given twice",
}


@pytest.mark.parametrize("text", DESCRIPTIONS)
def test_a_description_that_cannot_be_used(describe: Describe, text: str) -> None:
    root = describe(text, {})
    with pytest.raises(ConfigError, match=DESCRIPTIONS[text]) as caught:
        check_data(config(Task.DEPTH), root)
    assert "dataset.yaml" in str(caught.value)


def test_a_split_without_its_folder_needs_a_list(describe: Describe) -> None:
    root = describe(DEPTH, {})
    text = (root / "dataset.yaml").read_text()
    (root / "dataset.yaml").write_text(text.replace("{split}/image", "image"))
    with pytest.raises(ConfigError, match=r"splits\.train: images has no {split} in it, so name a"):
        check_data(config(Task.DEPTH), root)


def test_files_that_cannot_be_learnt_from(describe: Describe, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"holds no dataset\.yaml"):
        check_data(config(Task.DEPTH), tmp_path)
    root = describe(DEPTH, {"d.npy": grey(1)})
    check_data(config(Task.DEPTH), root)
    with pytest.raises(
        UnavailableError, match=r"no labels for normals .* tasks\.normals in dataset"
    ):
        check_data(config(Task.NORMALS), root)
    whole = (root / "train/image/1.png").read_bytes()
    (root / "train/image/1.png").write_bytes(whole[:45])
    with pytest.raises(DataError, match=r"train/image/1\.png cannot be read"):
        check_data(config(Task.DEPTH), root)
    (root / "train/image/1.png").write_bytes(whole)
    (root / "test/d/0.npy").unlink()
    with pytest.raises(UnavailableError, match=r"test/d/0\.npy cannot be read"):
        check_data(config(Task.DEPTH), root)
