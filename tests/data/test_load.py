import dataclasses
from pathlib import Path

import pytest
import torch

from mdml_tune.config.data import RoomsData
from mdml_tune.data.load import check_data, data_digest, load_split
from mdml_tune.data.rooms import CLASSES, render
from mdml_tune.data.split import SplitName
from mdml_tune.tasks import Task

ROOMS = RoomsData(tasks=tuple(Task), train_size=3, val_size=2, test_size=4, seed=9)


@pytest.mark.parametrize(("split", "count"), list(zip(SplitName, (3, 2, 4), strict=True)))
def test_rooms_are_the_rendered_scenes(split: SplitName, count: int) -> None:
    examples = load_split(ROOMS, split, None)
    assert len(examples) == count
    assert examples.classes == len(CLASSES)
    scene = render(9, split, 1, (48, 64))
    assert torch.equal(examples.images[1], torch.from_numpy(scene.image))
    expected = {
        Task.SEGMENTATION: scene.segmentation,
        Task.DEPTH: scene.depth[None],
        Task.NORMALS: scene.normals,
        Task.EDGES: scene.edges[None],
        Task.ALBEDO: scene.albedo,
    }
    for task, target in expected.items():
        assert torch.equal(examples.targets[task][1], torch.from_numpy(target))
        assert examples.valid[task].all()


def test_rooms_give_only_what_is_asked_for() -> None:
    examples = load_split(dataclasses.replace(ROOMS, tasks=(Task.EDGES,)), SplitName.VAL, None)
    assert list(examples.targets) == list(examples.valid) == [Task.EDGES]
    assert examples.classes == 0


def test_rooms_ignore_the_root() -> None:
    nowhere = Path("/nowhere")
    check_data(ROOMS, nowhere)
    assert data_digest(ROOMS, nowhere) == data_digest(ROOMS, None)


def test_the_digest_tells_data_apart_and_nothing_else() -> None:
    digest = data_digest(ROOMS, None)
    assert len(digest) == 16
    assert int(digest, 16) >= 0
    for same in ({"tasks": (Task.DEPTH,)}, {"augmentation": "none"}):
        assert data_digest(dataclasses.replace(ROOMS, **same), None) == digest
    others = ({"seed": 1}, {"train_size": 4}, {"val_size": 4}, {"image_size": (64, 48)})
    digests = {data_digest(dataclasses.replace(ROOMS, **other), None) for other in others}
    assert len(digests | {digest}) == 5
