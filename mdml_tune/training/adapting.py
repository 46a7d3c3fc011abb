"""The adaptors of one network in training, and what trains them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from mdml_tune.config.scd import AdaptorConfig
from mdml_tune.losses.distillation import Adaptors
from mdml_tune.models.network import Features
from mdml_tune.scd.teachers import tap_channels, taps_of
from mdml_tune.tasks import Task
from mdml_tune.training.checkpoint import State


@dataclass(frozen=True, slots=True)
class Adapting:
    adaptors: Adaptors
    optimizer: torch.optim.Optimizer

    def loss(self, task: Task, student: Features, target: Sequence[Tensor]) -> Tensor:
        """What the network pays in ``task``; ``target`` as in ``losses.distillation``."""
        return self.adaptors(task, taps_of(student, task), target)

    def update(self) -> None:
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def state(self) -> State:
        return {
            "adaptors": self.adaptors.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }

    def restore(self, state: State) -> None:
        self.adaptors.load_state_dict(cast("dict[str, Tensor]", state["adaptors"]))
        self.optimizer.load_state_dict(cast("dict[str, object]", state["optimizer"]))


def build_adapting(
    config: AdaptorConfig,
    student: nn.Module,
    teachers: Mapping[Task, nn.Module],
    size: tuple[int, int],
    device: torch.device,
    *,
    seed: int,
    scaled: bool = False,
) -> Adapting:
    """Adaptors from ``student`` to the features of ``teachers``.

    Args:
        config: How they are trained: by an Adam of their own (Li and Bilen 2020, section 3).
        student: The network that learns.
        teachers: One single-task network per task.
        size: Height and width of the images.
        device: Of all networks.
        seed: Of the fresh weights.
        scaled: As in ``Adaptors``.

    Raises:
        ConfigError: A network does not show its features.
    """
    wanted = {t: tap_channels(net, [t], size, device)[t] for t, net in teachers.items()}
    offered = tap_channels(student, list(teachers), size, device)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        adaptors = Adaptors(offered, wanted, scaled=scaled)
    adaptors = adaptors.to(device)
    return Adapting(
        adaptors,
        torch.optim.Adam(
            adaptors.parameters(),
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            fused=True,
        ),
    )
