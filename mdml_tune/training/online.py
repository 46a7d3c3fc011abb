"""OKD-MTL in training: single-task networks that learn beside the multi-task one, and teach it.

Jacob et al. 2023 (WACV): adaptive feature distillation, and online task weighting. The authors'
code clips the task weights into effectlessness; here they are a softmax without a clip.

Shape suffixes: T tasks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import torch
from torch import Tensor

from mdml_tune.config.comparisons import OkdMtlConfig
from mdml_tune.data.split import Examples
from mdml_tune.losses.distillation import own_target
from mdml_tune.scd.teachers import taps_of
from mdml_tune.tasks import Task
from mdml_tune.training.adapting import Adapting
from mdml_tune.training.checkpoint import State
from mdml_tune.training.peers import Peer, Seen
from mdml_tune.training.supervision import supervised_losses
from mdml_tune.training.tutor import Advice, restore_all


@dataclass(slots=True)
class Online:
    """Single-task networks with the same recipe; the multi-task one is the only peer."""

    config: OkdMtlConfig
    teachers: Mapping[Task, Peer]
    adapting: Adapting
    factor_T: Tensor
    """Weights of the tasks' labels in this epoch; they sum to the number of tasks."""
    _epoch: int = 0
    _targets: dict[Task, Sequence[Tensor]] = field(default_factory=dict[Task, Sequence[Tensor]])
    _paid: list[Tensor] = field(default_factory=list[Tensor])
    """What the single-task networks paid for each batch of the epoch, times its share of a step:
    (T,) each."""
    _steps: int = 0
    """Of the epoch so far."""

    @property
    def learners(self) -> Sequence[Peer]:
        return tuple(self.teachers.values())

    def begin_epoch(self, epoch: int) -> None:
        self._epoch = epoch

    def prepare(self, batch: Examples, step: int, scale: float) -> None:
        paid: list[Tensor] = []
        for task, teacher in self.teachers.items():
            seen = teacher.look_in_training(batch.images, step)
            losses_1 = supervised_losses(seen.predictions, batch, (task,))
            paid.append(teacher.weighting.backward(losses_1, [], teacher.parameters(), scale))
            self._targets[task] = own_target(taps_of(seen.features or (), task))
        self._paid.append(scale * torch.stack(paid))

    def advise(
        self,
        number: int,  # noqa: ARG002 (there is one network)
        peer: Peer,  # noqa: ARG002 (what it has seen suffices)
        seen: Seen,
        batch: Examples,  # noqa: ARG002 (the teachers have looked at it)
        supervised_T: Tensor,
        step: int,  # noqa: ARG002 (nothing is random)
    ) -> Advice:
        weights = supervised_T.new_tensor([self.config.weight[task] for task in self.teachers])
        if self._epoch < self.config.warmup_epochs:
            return Advice(supervised_T, torch.zeros_like(supervised_T), weights)
        assert seen.features is not None  # noqa: S101 (adaptors are built for such networks alone)
        features = seen.features
        apart_T = torch.stack(
            [self.adapting.loss(task, features, self._targets[task]) for task in self.teachers]
        )
        return Advice(self.factor_T * supervised_T, apart_T, weights)

    def update(self, number: int) -> None:  # noqa: ARG002 (there is one network)
        self._steps += 1
        for teacher in self.teachers.values():
            teacher.update()
        self.adapting.update()  # nothing happens in the warm-up: there is no gradient

    def end_epoch(self, mean_supervised_T: Tensor) -> None:
        # Averaged as the losses of the multi-task network are: over the steps.
        own_T = torch.stack(self._paid).sum(dim=0) / self._steps
        self._paid.clear()
        self._steps = 0
        ratio_T = mean_supervised_T / own_T.clamp_min(1e-12)
        self.factor_T = len(own_T) * torch.softmax(ratio_T / self.config.temperature, dim=0)

    def state(self) -> State:
        return {
            "teachers": [teacher.state() for teacher in self.teachers.values()],
            "adapting": self.adapting.state(),
            "factor": self.factor_T,
        }

    def restore(self, state: State) -> None:
        restore_all(self.learners, state["teachers"])
        self.adapting.restore(cast("State", state["adapting"]))
        self.factor_T = cast("Tensor", state["factor"]).to(self.factor_T.device)
