import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from mdml_tune.config.data import NyuV2Data
from mdml_tune.data.load import load_split
from mdml_tune.data.packed_split import PackedSplit
from mdml_tune.data.split import Examples, Split, SplitName, Streamed
from mdml_tune.tasks import Task

TASKS = (Task.SEGMENTATION, Task.DEPTH, Task.NORMALS)
CONFIG = NyuV2Data(dataset="nyuv2", tasks=TASKS)


@pytest.fixture
def root(make_npy: Callable[..., Path], tmp_path: Path) -> Path:
    return make_npy(tmp_path)


def packed(root: Path, split: SplitName = SplitName.TRAIN) -> PackedSplit:
    found = load_split(CONFIG, split, root)
    assert isinstance(found, PackedSplit)
    return found


def test_a_batch_is_what_its_indices_name(root: Path) -> None:
    split = packed(root)
    assert len(split) == 4
    whole = split.batch(torch.arange(4))
    batch = split.batch(torch.tensor([3, 0, 3]))
    for row, index in enumerate((3, 0, 3)):
        assert torch.equal(batch.images[row], whole.images[index])
        for task in TASKS:
            assert torch.equal(batch.targets[task][row], whole.targets[task][index])
            assert torch.equal(batch.valid[task][row], whole.valid[task][index])
    types = dict.fromkeys(TASKS, torch.float32) | {Task.SEGMENTATION: torch.int64}
    assert {task: target.dtype for task, target in batch.targets.items()} == types
    assert {valid.dtype for valid in batch.valid.values()} == {torch.bool}
    assert batch.images.dtype == torch.float32
    assert batch.size == split.size == (8, 16)


def test_only_what_is_asked_for(root: Path) -> None:
    depth = load_split(dataclasses.replace(CONFIG, tasks=(Task.DEPTH,)), SplitName.VAL, root)
    batch = depth.batch(torch.tensor([0]))
    assert list(batch.targets) == list(batch.valid) == [Task.DEPTH]
    assert depth.classes == batch.classes == 0


def test_train_and_val_are_rows_of_one_mapped_file(root: Path) -> None:
    train, val = packed(root), packed(root, SplitName.VAL)
    assert sorted([*train.rows.tolist(), *val.rows.tolist()]) == [0, 1, 2, 3, 4]
    assert len(train.stored) == len(val.stored) == 5
    maps = Path("/proc/self/maps").read_text()
    assert maps.count("packed/train.pack") >= 2


def test_images_of_8_bits_are_kept_as_such_and_come_back_exactly(root: Path) -> None:
    for split, count in (("train", 5), ("val", 2)):
        for number in range(count):
            levels = np.arange(8 * 16 * 3).reshape(8, 16, 3) % 256
            np.save(root / f"{split}/image/{number}.npy", levels.astype("u1"))
    split = packed(root)
    assert split.stored.images.dtype == torch.uint8
    expected = np.arange(256, dtype="f4") / np.float32(255)
    found = split.batch(torch.tensor([1])).images[0].permute(1, 2, 0).flatten()[:256]
    assert torch.equal(found, torch.from_numpy(expected))


def test_one_finer_image_keeps_all_of_them_fine(root: Path) -> None:
    np.save(root / "train/image/0.npy", np.full((8, 16, 3), 51, "u1"))
    split = packed(root)
    assert split.stored.images.dtype == torch.float32
    zero = split.rows.tolist().index(0)
    assert (split.batch(torch.tensor([zero])).images == np.float32(0.2)).all()
    stored = np.load(root / "train/image/1.npy").transpose(2, 0, 1)
    one = split.rows.tolist().index(1)
    assert torch.equal(split.batch(torch.tensor([one])).images[0], torch.from_numpy(stored))


def test_batches_on_another_device(root: Path) -> None:
    split = packed(root).resident("meta")
    assert split.device.type == "meta"
    batch = split.batch(torch.tensor([0, 1]))
    assert {batch.images.device.type, batch.valid[Task.DEPTH].device.type} == {"meta"}
    assert batch.targets[Task.SEGMENTATION].dtype == torch.int64
    assert split.resident("cpu").batch(torch.tensor([0])).device.type == "cpu"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("fits", [True, False])
def test_batches_on_a_gpu(root: Path, monkeypatch: pytest.MonkeyPatch, *, fits: bool) -> None:
    for name in ("packed_split", "split"):
        monkeypatch.setattr(f"mdml_tune.data.{name}.fits", lambda *_: fits)
    split = packed(root)
    indices = torch.tensor([3, 0])
    expected = split.batch(indices)
    there: list[Split] = [split.resident("cuda"), expected.resident("cuda")]
    for moved, chosen in zip(there, (indices, torch.arange(2)), strict=True):
        for asked in (chosen, chosen.cuda()):
            batch = moved.batch(asked)
            assert batch.device.type == moved.device.type == "cuda"
            assert torch.equal(batch.images.cpu(), expected.images)
            for task in TASKS:
                assert torch.equal(batch.targets[task].cpu(), expected.targets[task])
                assert torch.equal(batch.valid[task].cpu(), expected.valid[task])


def test_a_split_in_memory_that_is_too_large_travels_by_batch(
    make_examples: Callable[..., Examples], monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = make_examples(4)
    assert examples.resident("meta").device.type == "meta"
    monkeypatch.setattr("mdml_tune.data.split.fits", lambda *_: False)
    monkeypatch.setattr(Examples, "pinned", lambda self: self)
    streamed = examples.resident("meta")
    assert isinstance(streamed, Streamed)
    assert (len(streamed), streamed.size, streamed.classes) == (4, (16, 24), 4)
    assert streamed.batch(torch.tensor([1, 2])).images.shape == (2, 3, 16, 24)
    assert streamed.batch(torch.tensor([1, 2])).device.type == "meta"
