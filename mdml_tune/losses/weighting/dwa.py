"""Dynamic weight average.

Shape suffix: T tasks.
"""

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor

from mdml_tune.losses.weighting.base import LossWeighting
from mdml_tune.losses.weighting.normalise import TINY


class DynamicWeightAverage(LossWeighting):
    """A loss that falls slowly weighs more (DWA; Liu et al. 2019, arXiv:1803.10704).

    T softmax(r / temperature), r_i the ratio of the losses of the last two epochs; equal weights
    in the first two epochs.
    """

    def __init__(self, temperature: float) -> None:
        self._temperature = temperature
        self._last_two: list[Tensor] = []

    def weights(self, losses_T: Tensor) -> Tensor:
        if len(self._last_two) < 2:  # noqa: PLR2004
            return torch.ones_like(losses_T)
        earlier_T, later_T = self._last_two
        ratio_T = later_T / earlier_T.clamp(min=TINY)
        return len(losses_T) * torch.softmax(ratio_T / self._temperature, dim=0)

    def end_epoch(self, mean_losses_T: Tensor) -> None:
        self._last_two = [*self._last_two, mean_losses_T.detach()][-2:]

    def state_dict(self) -> dict[str, object]:
        return {"last_two": list(self._last_two)}

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        self._last_two = list(cast("list[Tensor]", state["last_two"]))
