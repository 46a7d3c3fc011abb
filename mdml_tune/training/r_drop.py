"""R-Drop: a network learns from itself under another dropout (Liang et al. 2021, arXiv:2106.14448).

Shape suffixes: T tasks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mdml_tune.data.split import Examples
from mdml_tune.losses.agreement import agreement_loss
from mdml_tune.tasks import Task
from mdml_tune.training.checkpoint import State
from mdml_tune.training.peers import Peer, Seen
from mdml_tune.training.supervision import supervised_losses
from mdml_tune.training.tutor import Advice


@dataclass(frozen=True, slots=True)
class RDrop:
    """Both passes learn from the labels, and pay for disagreeing."""

    tasks: Sequence[Task]
    weight: Mapping[Task, float]
    learners: tuple[Peer, ...] = ()

    def begin_epoch(self, epoch: int) -> None: ...

    def prepare(self, batch: Examples, step: int, scale: float) -> None: ...

    def advise(
        self,
        number: int,  # noqa: ARG002 (a single network)
        peer: Peer,
        seen: Seen,
        batch: Examples,
        supervised_T: Tensor,
        step: int,
    ) -> Advice:
        again = peer.look_in_training(batch.images, step, number=1).predictions
        apart_T = torch.stack(
            [
                agreement_loss(task, seen.predictions[task], again[task], batch.valid[task])
                for task in self.tasks
            ]
        )
        both_T = (supervised_T + supervised_losses(again, batch, self.tasks)) / 2
        return Advice(both_T, apart_T, apart_T.new_tensor([self.weight[t] for t in self.tasks]))

    def update(self, number: int) -> None: ...

    def end_epoch(self, mean_supervised_T: Tensor) -> None: ...

    def state(self) -> State:
        return {}

    def restore(self, state: State) -> None: ...
