"""Peers and lessons small enough to follow by hand."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from mdml_tune.config.trial import TrialConfig
from mdml_tune.training.peers import Peer, build_peers
from mdml_tune.training.step import Lesson
from mdml_tune.training.tutor import Tutor


class Recorder(torch.optim.SGD):
    """Plain gradient descent that remembers every gradient it is given."""

    def __init__(self, parameters: object, lr: float) -> None:
        super().__init__(parameters, lr=lr)
        self.given: list[list[Tensor]] = []

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        assert closure is None
        (group,) = self.param_groups
        self.given.append([p.grad.clone() for p in group["params"]])
        for parameter in group["params"]:
            parameter.sub_(group["lr"] * parameter.grad)


@pytest.fixture
def recorded_peers() -> Callable[..., list[Peer]]:
    def build(config: TrialConfig, *, seed: int = 0, lr: float = 0.1) -> list[Peer]:
        peers = build_peers(config, seed=seed, classes=4, device=torch.device("cpu"))
        return [replace(p, optimizer=Recorder(p.network.parameters(), lr)) for p in peers]

    return build


@pytest.fixture
def lesson_of() -> Callable[..., Lesson]:
    def build(
        config: TrialConfig,
        *,
        warming_up: bool = False,
        share: float = 1.0,
        tutor: Tutor | None = None,
    ) -> Lesson:
        mutual = None if warming_up else config.mutual
        return Lesson(config.data.tasks, mutual, share, tutor)

    return build
