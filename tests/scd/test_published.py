"""Which task is the hardest, by published rows: the queue of SCD begins with it."""

import pytest
from published import TABLES

from mdml_tune.scd.complexity import complexity
from mdml_tune.scd.partition import singles
from mdml_tune.scd.queue import queue_of
from mdml_tune.tasks import Task

S, D, N = Task.SEGMENTATION, Task.DEPTH, Task.NORMALS

HARDEST_FIRST = [
    # table, its row of equal weights, the order, complexity in percent
    ("nyuv2-segnet", "LS", (N, S, D), {N: 18.5, S: -2.5, D: -18.6}),
    ("nyuv2-resnet50", "EW", (N, S, D), {N: 8.0, S: -0.5, D: -2.2}),
    ("cityscapes-segnet", "LS", (D, S), {D: 46.2, S: -1.0}),
    ("cityscapes-resnet50", "EW", (D, S), {D: 4.0, S: 0.1}),
]


@pytest.mark.parametrize(("name", "method", "order", "percent"), HARDEST_FIRST)
def test_the_hardest_task_is_first_in_the_queue(
    name: str, method: str, order: tuple[Task, ...], percent: dict[Task, float]
) -> None:
    table = TABLES[name]
    found = complexity(table.scores[method], table.single, table.tasks)
    assert found == pytest.approx(percent, abs=0.06)
    blocks = singles(table.tasks)
    assert queue_of(blocks, found, "complex_first") == tuple((task,) for task in order)
    assert queue_of(blocks, found, "simple_first") == tuple((task,) for task in order[::-1])


@pytest.mark.parametrize("method", ["LS", "RLW", "DWA", "UW", "PCGrad", "GradDrop", "CAGrad"])
def test_the_order_is_that_of_the_data_more_than_of_the_weighting(method: str) -> None:
    table = TABLES["nyuv2-segnet"]
    found = complexity(table.scores[method], table.single, table.tasks)
    assert max(found, key=found.__getitem__) is N
    assert min(found, key=found.__getitem__) is D


def test_a_block_is_as_hard_as_its_tasks_on_average() -> None:
    table = TABLES["nyuv2-segnet"]
    found = complexity(table.scores["LS"], table.single, table.tasks)
    # Depth gains as much as normals lose.
    assert queue_of(((S,), (D, N)), found, "complex_first") == ((D, N), (S,))
    assert queue_of(((S, D), (N,)), found, "complex_first") == ((N,), (S, D))
