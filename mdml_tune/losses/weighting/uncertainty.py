"""Homoscedastic uncertainty.

Shape suffix: T tasks.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from mdml_tune.losses.weighting.base import LossWeighting

LEARNING_RATE = 0.025
"""Of the log-variances, as in the code of Liu et al. 2023 (arXiv:2306.03792)."""


class Uncertainty(LossWeighting):
    """Learns a log-variance s_i for each loss (UW; Kendall et al. 2018, arXiv:1705.07115).

    The s_i, 0 at first, go down the published objective, the sum of exp(-s_i) L_i + s_i, whose
    minimum is at s_i = log L_i. The network goes along its gradient too, sum of exp(-s_i) g_i, with
    weights that sum to T: else the learning rate would grow as the losses fall.
    """

    def __init__(self, tasks: int, device: torch.device) -> None:
        self._log_variance_T = nn.Parameter(torch.zeros(tasks, device=device))
        self._optimizer = torch.optim.Adam([self._log_variance_T], lr=LEARNING_RATE)

    def observe(self, losses_T: Tensor, features: Sequence[Tensor], scale: float) -> None:  # noqa: ARG002 (losses suffice)
        log_variance_T = self._log_variance_T
        (scale * ((-log_variance_T).exp() @ losses_T.detach() + log_variance_T.sum())).backward()

    def weights(self, losses_T: Tensor) -> Tensor:
        return len(losses_T) * torch.softmax(-self._log_variance_T.detach(), dim=0)

    def step(self) -> None:
        self._optimizer.step()
        self._optimizer.zero_grad()

    def state_dict(self) -> dict[str, object]:
        return {
            "log_variance": self._log_variance_T.detach(),
            "optimizer": self._optimizer.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        self._log_variance_T.data.copy_(cast("Tensor", state["log_variance"]))
        self._optimizer.load_state_dict(cast("dict[str, Any]", state["optimizer"]))
