import pickle

import torch

from mdml_tune.config.data import RoomsData
from mdml_tune.data.load import load_split
from mdml_tune.data.split import SplitName
from mdml_tune.tasks import Task


def test_a_batch_is_what_its_indices_name() -> None:
    examples = load_split(RoomsData(tasks=tuple(Task), val_size=3), SplitName.VAL, None)
    assert len(examples) == 3
    batch = examples.batch(torch.tensor([2, 0, 2]))
    assert len(batch) == 3
    for row, index in enumerate((2, 0, 2)):
        assert torch.equal(batch.images[row], examples.images[index])
        for task in Task:
            assert torch.equal(batch.targets[task][row], examples.targets[task][index])
            assert batch.valid[task].shape == (3, 48, 64)


def test_examples_travel() -> None:
    examples = load_split(RoomsData(tasks=(Task.DEPTH,), val_size=1), SplitName.VAL, None)
    moved = examples.to("meta")
    assert {moved.images.device.type, moved.targets[Task.DEPTH].device.type} == {"meta"}
    back = pickle.loads(pickle.dumps(examples))  # noqa: S301 - our own bytes
    assert torch.equal(back.images, examples.images)
