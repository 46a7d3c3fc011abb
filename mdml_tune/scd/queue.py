"""In which order blocks of tasks join the distillation, and which of them are at work when."""

import hashlib
from collections.abc import Mapping
from statistics import fmean
from typing import Literal

from mdml_tune.scd.partition import Partition
from mdml_tune.tasks import Task

Queue = tuple[tuple[Task, ...], ...]
"""The blocks of a partition in the order in which they join."""


def queue_of(
    partition: Partition,
    complexity: Mapping[Task, float],
    order: Literal["complex_first", "simple_first"],
) -> Queue:
    """The blocks sorted by the mean complexity of their tasks; equal ones by the tasks' names."""
    sign = -1 if order == "complex_first" else 1

    def rank(block: tuple[Task, ...]) -> tuple[float, list[Task]]:
        return sign * fmean(complexity[task] for task in block), sorted(block)

    return tuple(sorted(partition, key=rank))


def shuffled(queue: Queue, seed: int) -> Queue:
    """The blocks in an order of chance that depends on them and ``seed`` alone."""

    def draw(block: tuple[Task, ...]) -> bytes:
        # A digest, not a generator: the same on every machine and with every version.
        return hashlib.sha256(f"{seed} {' '.join(block)}".encode()).digest()

    return tuple(sorted(queue, key=draw))


def stage_of(queue: Queue, epoch: int, stage_epochs: int) -> int:
    """The stage, from 0, that ``epoch`` (completed epochs) is in; the last one never ends."""
    return min(epoch // stage_epochs, len(queue) - 1)


def active_tasks(
    queue: Queue, epoch: int, stage_epochs: int, activation: Literal["cumulative", "exclusive"]
) -> frozenset[Task]:
    """The tasks that are distilled in the epoch after ``epoch`` completed ones."""
    stage = stage_of(queue, epoch, stage_epochs)
    first = 0 if activation == "cumulative" else stage
    return frozenset(task for block in queue[first : stage + 1] for task in block)
