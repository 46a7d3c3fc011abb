"""A network of a linear trunk and linear heads. Shapes: N examples, C features, T tasks."""

from collections.abc import Callable
from copy import deepcopy
from typing import get_args

import pytest
import torch
from torch import Tensor, nn

from mdml_tune.config.weighting import GradientWeighting, LossWeighting
from mdml_tune.losses.weighting.base import Weighting
from mdml_tune.losses.weighting.build import build_weighting
from mdml_tune.tasks import Task

CPU = torch.device("cpu")

CONFIGS = {
    get_args(config.__annotations__["kind"])[0]: config
    for config in (*get_args(LossWeighting), *get_args(GradientWeighting))
}


class Toy(nn.Module):
    """Its task losses are mean squared errors, of ever harder targets."""

    def __init__(self, tasks: int, trunk: nn.Module) -> None:
        super().__init__()
        self.trunk = trunk
        self.heads = nn.ModuleList(nn.Linear(5, 2) for _ in range(tasks))
        self.inputs_NC = torch.randn(7, 4)
        self.targets = [torch.randn(7, 2) * (t + 1) for t in range(tasks)]

    def losses(self) -> tuple[Tensor, list[Tensor]]:
        features_NC = self.trunk(self.inputs_NC)
        pairs = zip(self.heads, self.targets, strict=True)
        losses_T = torch.stack([(head(features_NC) - t).square().mean() for head, t in pairs])
        return losses_T, [features_NC]

    def losses_now(self) -> Tensor:
        return self.losses()[0].detach()

    def gradients(self) -> list[Tensor]:
        return [p.grad for p in self.parameters() if p.grad is not None]

    def plain_gradients(self) -> list[Tensor]:
        """By autograd of the sum of the losses; leaves ``.grad`` alone."""
        return list(torch.autograd.grad(self.losses()[0].sum(), list(self.parameters())))

    def backward(self, weighting: Weighting, scale: float = 1.0) -> Tensor:
        losses_T, features = self.losses()
        return weighting.backward(losses_T, features, list(self.parameters()), scale)

    def train_with(self, weighting: Weighting, steps: int = 3) -> list[Tensor]:
        """An epoch as a trainer runs it; the gradients of all steps."""
        gradients: list[Tensor] = []
        optimizer = torch.optim.SGD(self.parameters(), lr=0.05)
        means: list[Tensor] = []
        for _ in range(steps):
            self.backward(weighting)
            gradients += [gradient.clone() for gradient in self.gradients()]
            means.append(self.losses_now())
            optimizer.step()
            weighting.step()
            optimizer.zero_grad(set_to_none=True)
            if weighting.needs_second_look:
                weighting.after_step(self.losses_now)
        weighting.end_epoch(torch.stack(means).mean(dim=0))
        return gradients

    def copy(self) -> "Toy":
        return deepcopy(self)


@pytest.fixture
def toy() -> Callable[..., Toy]:
    def build(tasks: int = 3, trunk: nn.Module | None = None) -> Toy:
        return Toy(tasks, trunk or nn.Sequential(nn.Linear(4, 5), nn.Tanh()))

    return build


@pytest.fixture
def configured() -> Callable[..., object]:
    return lambda kind, **settings: CONFIGS[kind](kind=kind, **settings)


@pytest.fixture
def built() -> Callable[..., Weighting]:
    """A weighting by its kind and settings."""

    def build(kind: str, tasks: int = 3, seed: int = 0, **settings: object) -> Weighting:
        config = CONFIGS[kind](kind=kind, **settings)
        return build_weighting(config, list(Task)[:tasks], seed=seed, device=CPU)

    return build
