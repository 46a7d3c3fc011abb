"""Colours of labels and predictions, pixel by pixel."""

import subprocess
import sys

import numpy as np
import pytest

from mdml_tune.data.colours import class_colours, coloured, name_of
from mdml_tune.tasks import Task


def test_a_class_has_one_colour_however_many_there_are() -> None:
    few, many = class_colours(4), class_colours(41)
    assert few.shape == (4, 3)
    np.testing.assert_array_equal(few, many[:4])
    assert len({tuple(colour) for colour in many[:20]}) == 20
    np.testing.assert_array_equal(many[20:40], many[:20])


def test_segmentation_is_coloured_by_class() -> None:
    shown = coloured(Task.SEGMENTATION, np.array([[0, 2], [1, 0]], dtype=np.int16), classes=3)
    np.testing.assert_array_equal(shown[0, 1], class_colours(3)[2])
    np.testing.assert_array_equal(shown[0, 0], shown[1, 1])


def test_depth_runs_from_dark_to_bright_and_ends_at_the_farthest() -> None:
    shown = coloured(Task.DEPTH, np.array([[[0.0, 2.0, 4.0, 9.0]]]), farthest=4.0)
    assert shown.shape == (1, 4, 3)
    brightness = shown.sum(axis=-1)[0]
    assert brightness[0] < brightness[1] < brightness[2] == brightness[3]


def test_vectors_become_rgb() -> None:
    up = np.array([0.0, 1.0, -1.0])[:, None, None]
    np.testing.assert_allclose(coloured(Task.NORMALS, up)[0, 0], (0.5, 1.0, 0.0))


@pytest.mark.parametrize("task", [Task.EDGES, Task.ALBEDO])
def test_what_is_predicted_out_of_range_is_cut(task: Task) -> None:
    values = np.array([-0.5, 0.25, 1.5], dtype=np.float16)[None, None].repeat(3, axis=0)
    values = values[:1] if task is Task.EDGES else values
    np.testing.assert_allclose(coloured(task, values)[0, :, 1], (0.0, 0.25, 1.0))


def test_disparity_is_called_what_it_is() -> None:
    assert name_of(Task.DEPTH, inverse_depth=True) == "inverse depth"
    assert name_of(Task.EDGES, inverse_depth=True) == "edges"


def test_torch_is_not_needed() -> None:
    program = "import sys, mdml_tune.data.colours; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
