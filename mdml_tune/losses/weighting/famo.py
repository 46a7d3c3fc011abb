"""Fast adaptive multitask optimisation.

Shape suffix: T tasks.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn

from mdml_tune.losses.weighting.base import LossWeighting
from mdml_tune.losses.weighting.normalise import logarithmic_weights, safe_log


class Famo(LossWeighting):
    """Evens out how fast the logarithms of the losses fall (FAMO; Liu et al. 2023, arXiv:2306.03792).

    With z the softmax of learnt logits, the weights are proportional to z_i / L_i and sum to T (the
    paper's, of algorithm 1, sum to 1). After each step the logits go, by Adam, against z's gradient
    of the fall of each log L_i: a loss that has fallen fast weighs less.
    """

    needs_second_look: ClassVar[bool] = True

    def __init__(
        self, tasks: int, learning_rate: float, gamma: float, device: torch.device
    ) -> None:
        # In float64: Adam would enlarge rounding errors, where all fall alike, to whole steps.
        self._logit_T = nn.Parameter(torch.zeros(tasks, dtype=torch.float64, device=device))
        self._before_T = torch.ones_like(self._logit_T)
        self._optimizer = torch.optim.Adam([self._logit_T], lr=learning_rate, weight_decay=gamma)

    def observe(self, losses_T: Tensor, features: Sequence[Tensor], scale: float) -> None:  # noqa: ARG002 (losses suffice)
        self._before_T = losses_T.detach().double()

    def weights(self, losses_T: Tensor) -> Tensor:
        return logarithmic_weights(losses_T.double(), self._logit_T.detach()).to(losses_T.dtype)

    def after_step(self, losses_T: Callable[[], Tensor]) -> None:
        fall_T = safe_log(self._before_T) - safe_log(losses_T().double())
        share_T = torch.softmax(self._logit_T.detach(), dim=0)
        # The Jacobian of the softmax times the fall.
        self._logit_T.grad = share_T * (fall_T - share_T @ fall_T)
        self._optimizer.step()

    def state_dict(self) -> dict[str, object]:
        return {"logit": self._logit_T.detach(), "optimizer": self._optimizer.state_dict()}

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        self._logit_T.data.copy_(cast("Tensor", state["logit"]))
        self._optimizer.load_state_dict(cast("dict[str, Any]", state["optimizer"]))
