"""SCD in training: which tasks are distilled now, from which teacher, at what price.

Shape suffixes: T tasks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from mdml_tune.config.scd import ScdConfig
from mdml_tune.data.split import Examples
from mdml_tune.losses.distillation import block_target, own_target
from mdml_tune.losses.mimicry import mimicry_loss
from mdml_tune.scd.partition import Partition
from mdml_tune.scd.queue import active_tasks
from mdml_tune.scd.teachers import Taught, Teachers
from mdml_tune.tasks import Task
from mdml_tune.training.adapting import Adapting
from mdml_tune.training.checkpoint import State
from mdml_tune.training.peers import Peer, Seen
from mdml_tune.training.precision import Precision, computing
from mdml_tune.training.tutor import Advice, restore_all


@dataclass(slots=True)
class Distilled:
    """The single-task networks as tutors, block by block."""

    config: ScdConfig
    queue: Partition
    tasks: Sequence[Task]
    teachers: Teachers
    precision: Precision
    adapting: Sequence[Adapting] = ()
    """One per peer where features are distilled, else none."""
    learners: tuple[Peer, ...] = ()
    _active: frozenset[Task] = field(default=frozenset())
    _lecture: dict[Task, Taught] = field(default_factory=dict[Task, Taught])

    def begin_epoch(self, epoch: int) -> None:
        config = self.config
        self._active = active_tasks(self.queue, epoch, config.stage_epochs, config.activation)

    def prepare(self, batch: Examples, step: int, scale: float) -> None:  # noqa: ARG002 (teachers do not learn)
        with computing(self.precision, batch.images.device):
            self._lecture = self.teachers(batch.images, self._listened_to())

    def advise(
        self,
        number: int,
        peer: Peer,  # noqa: ARG002 (what it has seen suffices)
        seen: Seen,
        batch: Examples,
        supervised_T: Tensor,
        step: int,  # noqa: ARG002 (nothing is random)
    ) -> Advice:
        silent = supervised_T.new_zeros(())
        losses = [
            self._loss(task, number, seen, batch) if task in self._active else silent
            for task in self.tasks
        ]
        weights = [self.config.weight[task] for task in self.tasks]
        return Advice(supervised_T, torch.stack(losses), supervised_T.new_tensor(weights))

    def update(self, number: int) -> None:
        if self.adapting:
            self.adapting[number].update()

    def end_epoch(self, mean_supervised_T: Tensor) -> None: ...

    def state(self) -> State:
        return {"adapting": [one.state() for one in self.adapting]}

    def restore(self, state: State) -> None:
        restore_all(self.adapting, state["adapting"])

    def _loss(self, task: Task, number: int, seen: Seen, batch: Examples) -> Tensor:
        if self.config.distil == "outputs":
            return mimicry_loss(
                task,
                seen.predictions[task],
                self._lecture[task].prediction,
                batch.valid[task],
                temperature=self.config.temperature.get(task, 1.0),
            )
        assert seen.features is not None  # noqa: S101 (adaptors are built for such networks alone)
        return self.adapting[number].loss(task, seen.features, self._target(task))

    def _target(self, task: Task) -> Sequence[Tensor]:
        if self.config.target == "own":
            return own_target(self._taught(task))
        block = next(block for block in self.queue if task in block)
        return block_target([self._taught(member) for member in block])

    def _taught(self, task: Task) -> Sequence[Tensor]:
        return self._lecture[task].features or ()

    def _listened_to(self) -> frozenset[Task]:
        """The teachers that are needed now: for a block's mean, all of its members."""
        if self.config.target == "own":
            return self._active
        return frozenset(t for block in self.queue if self._active & set(block) for t in block)
