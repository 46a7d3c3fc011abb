"""Dynamic task prioritisation.

Shape suffix: T tasks.
"""

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor

from mdml_tune.losses.weighting.base import LossWeighting
from mdml_tune.losses.weighting.normalise import TINY, summing_to_tasks


class TaskPriorities(LossWeighting):
    """Difficult tasks first (DTP; Guo et al. 2018, ECCV).

    The weight of a task is the focal loss -(1 - k)^gamma log k of a running mean k of its key
    performance indicator, from epoch to epoch; the weights sum to T. Equal weights in the first
    epoch.

    The indicator has to lie in (0, 1] and to be known in training, where there are no metrics: it
    is exp(-L), for a cross-entropy in nats the (geometric) mean probability of the true class. The
    unit of other losses has its say, as it has under equal weighting.
    """

    def __init__(self, gamma: float, smoothing: float) -> None:
        self._gamma = gamma
        self._smoothing = smoothing
        self._indicator_T: Tensor | None = None

    def weights(self, losses_T: Tensor) -> Tensor:
        if self._indicator_T is None:
            return torch.ones_like(losses_T)
        indicator_T = self._indicator_T.clamp(min=TINY)
        return summing_to_tasks(-((1 - indicator_T) ** self._gamma) * indicator_T.log())

    def end_epoch(self, mean_losses_T: Tensor) -> None:
        now_T = (-mean_losses_T.detach().clamp(min=0)).exp()
        if self._indicator_T is None:
            self._indicator_T = now_T
        else:
            self._indicator_T = torch.lerp(now_T, self._indicator_T, self._smoothing)

    def state_dict(self) -> dict[str, object]:
        return {"indicator": self._indicator_T}

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        self._indicator_T = cast("Tensor | None", state["indicator"])
