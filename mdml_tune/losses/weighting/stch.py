"""Smooth Tchebycheff scalarisation.

Shape suffix: T tasks.
"""

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor

from mdml_tune.losses.weighting.base import LossWeighting
from mdml_tune.losses.weighting.normalise import logarithmic_weights, safe_log


class SmoothTchebycheff(LossWeighting):
    """A smooth maximum of the losses (STCH; Lin et al. 2024, arXiv:2402.19078).

    As in the authors' code: the objective is mu log sum exp(log(L_i / z_i) / mu), where z are the
    mean losses of the last epoch of a warm-up on the sum of log L_i. Direction as published; the
    weights sum to T, during the warm-up too.
    """

    def __init__(self, mu: float, warmup_epochs: int) -> None:
        self._mu = mu
        self._warmup_epochs = warmup_epochs
        self._epochs = 0
        self._reference_T: Tensor | None = None

    def weights(self, losses_T: Tensor) -> Tensor:
        if self._reference_T is None:
            return logarithmic_weights(losses_T, torch.zeros_like(losses_T))
        log_ratio_T = safe_log(losses_T) - safe_log(self._reference_T)
        return logarithmic_weights(losses_T, log_ratio_T / self._mu)

    def end_epoch(self, mean_losses_T: Tensor) -> None:
        self._epochs += 1
        if self._epochs == self._warmup_epochs:
            self._reference_T = mean_losses_T.detach()

    def state_dict(self) -> dict[str, object]:
        return {"epochs": self._epochs, "reference": self._reference_T}

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        self._epochs = cast("int", state["epochs"])
        self._reference_T = cast("Tensor | None", state["reference"])
