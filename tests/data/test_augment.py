import pytest
import torch
from torch.testing import assert_close

from mdml_tune.config.data import RoomsData
from mdml_tune.data.augment import flip
from mdml_tune.data.load import load_split
from mdml_tune.data.split import Examples, SplitName
from mdml_tune.tasks import Task


@pytest.fixture(scope="module")
def batch() -> Examples:
    examples = load_split(RoomsData(tasks=tuple(Task), train_size=4), SplitName.TRAIN, None)
    holes = torch.rand(4, 48, 64, generator=torch.Generator().manual_seed(0)) < 0.5
    return Examples(examples.images, examples.targets, dict.fromkeys(Task, holes), examples.classes)


def assert_same(ours: Examples, theirs: Examples) -> None:
    assert_close(ours.images, theirs.images, rtol=0, atol=0)
    assert_close(dict(ours.targets), dict(theirs.targets), rtol=0, atol=0)
    assert_close(dict(ours.valid), dict(theirs.valid), rtol=0, atol=0)
    assert ours.classes == theirs.classes


def test_only_the_chosen_are_mirrored(batch: Examples) -> None:
    flipped = flip(batch, torch.tensor([True, False, False, True]))
    assert_same(flipped.batch(torch.tensor([1, 2])), batch.batch(torch.tensor([1, 2])))
    for task in Task:
        assert not torch.equal(flipped.targets[task][0], batch.targets[task][0])
    assert_close(flipped.images[3], batch.images[3].flip(-1), rtol=0, atol=0)
    assert_close(flipped.valid[Task.DEPTH][0], batch.valid[Task.DEPTH][0].flip(-1))


def test_twice_is_as_before(batch: Examples) -> None:
    mirrored = torch.tensor([True, True, False, True])
    assert_same(flip(flip(batch, mirrored), mirrored), batch)


def test_normals_turn_with_the_image(batch: Examples) -> None:
    flipped = flip(batch, torch.ones(4, dtype=torch.bool)).targets[Task.NORMALS]
    before = batch.targets[Task.NORMALS].flip(-1)
    assert_close(flipped, before * torch.tensor([-1.0, 1.0, 1.0]).view(1, 3, 1, 1))


def test_without_normals(batch: Examples) -> None:
    alone = Examples(batch.images, {Task.DEPTH: batch.targets[Task.DEPTH]}, batch.valid, 0)
    assert list(flip(alone, torch.ones(4, dtype=torch.bool)).targets) == [Task.DEPTH]
