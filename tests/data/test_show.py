import dataclasses
import io

import pytest
import torch

from mdml_tune.config.data import RoomsData
from mdml_tune.data.load import load_split
from mdml_tune.data.show import draw_samples
from mdml_tune.data.split import Examples, SplitName
from mdml_tune.tasks import Task


@pytest.fixture(scope="module")
def examples() -> Examples:
    return load_split(RoomsData(tasks=tuple(Task), val_size=3), SplitName.VAL, None)


def test_rows_are_samples_and_columns_are_tasks(examples: Examples) -> None:
    tasks = (Task.DEPTH, Task.SEGMENTATION)
    figure = draw_samples(examples, tasks, 2)
    pictures = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    assert [axes.get_title() for axes in pictures[:3]] == ["image", "depth", "segmentation"]
    assert len(pictures) == 2 * 3
    shown = pictures[4].images[0].get_array()
    assert torch.equal(torch.tensor(shown.data), examples.targets[Task.DEPTH][1, 0])


def test_no_more_rows_than_there_are_examples(examples: Examples) -> None:
    figure = draw_samples(examples, tuple(Task), 99)
    figure.savefig(io.BytesIO(), format="png", dpi=40)
    assert len([axes for axes in figure.axes if axes.get_label() != "<colorbar>"]) == 3 * 6


def test_pixels_without_label_are_white(examples: Examples) -> None:
    nowhere = {task: torch.zeros(3, 48, 64, dtype=torch.bool) for task in Task}
    unlabelled = Examples(examples.images, examples.targets, nowhere, examples.classes)
    figure = draw_samples(unlabelled, (Task.NORMALS,), 1)
    assert (figure.axes[1].images[0].get_array() == 1).all()


def test_disparity_is_called_what_it_is(examples: Examples) -> None:
    disparity = dataclasses.replace(examples, inverse_depth=True)
    assert draw_samples(disparity, (Task.DEPTH,), 1).axes[1].get_title() == "inverse depth"
