"""Random loss weighting.

Shape suffix: T tasks.
"""

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor

from mdml_tune.losses.weighting.base import LossWeighting


class RandomWeights(LossWeighting):
    """T softmax(x), x standard normal, anew at each step (RLW; Lin et al. 2022, arXiv:2111.10603).

    All parts of a batch are weighted alike.
    """

    def __init__(self, tasks: int, seed: int, device: torch.device) -> None:
        self._tasks = tasks
        self._device = device
        self._generator = torch.Generator().manual_seed(seed)
        self._weight_T = self._draw()

    def weights(self, losses_T: Tensor) -> Tensor:  # noqa: ARG002 (that is the point)
        return self._weight_T

    def step(self) -> None:
        self._weight_T = self._draw()

    def state_dict(self) -> dict[str, object]:
        return {"weight": self._weight_T, "generator": self._generator.get_state()}

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        self._weight_T = cast("Tensor", state["weight"]).to(self._device)
        self._generator.set_state(cast("Tensor", state["generator"]).cpu())

    def _draw(self) -> Tensor:
        normal_T = torch.randn(self._tasks, generator=self._generator)
        return (self._tasks * torch.softmax(normal_T, dim=0)).to(self._device, non_blocking=True)
