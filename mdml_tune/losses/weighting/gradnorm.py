"""GradNorm.

Shape suffix: T tasks.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from mdml_tune.losses.weighting.base import LossWeighting
from mdml_tune.losses.weighting.normalise import TINY, summing_to_tasks


class GradNorm(LossWeighting):
    """Learns weights under which no task falls behind (Chen et al. 2018, arXiv:1711.02257).

    The norm of each task's weighted gradient is pulled to the mean norm times r_i^alpha, r_i the
    task's loss as a share of its first one, relative to the mean share of all tasks. An L1 distance
    (equation 2), Adam, then weights of sum T again; none is negative.

    The gradients are those with respect to the features that the heads read, not to the last shared
    layer's weights: a backward pass of the heads suffices, for any network.
    """

    def __init__(
        self, tasks: int, alpha: float, learning_rate: float, device: torch.device
    ) -> None:
        self._alpha = alpha
        self._weight_T = nn.Parameter(torch.ones(tasks, device=device))
        self._first_T = torch.zeros(tasks, device=device)
        self._optimizer = torch.optim.Adam([self._weight_T], lr=learning_rate)

    def observe(self, losses_T: Tensor, features: Sequence[Tensor], scale: float) -> None:
        loss_T = losses_T.detach()
        # The first loss that says something: a first batch may have no label for a task.
        self._first_T = torch.where(self._first_T > TINY, self._first_T, loss_T)
        norm_T = gradient_norms(losses_T, features)
        weighted_T = self._weight_T.detach() * norm_T
        share_T = loss_T / self._first_T.clamp(min=TINY)
        rate_T = share_T / share_T.mean().clamp(min=TINY)
        target_T = weighted_T.mean() * rate_T**self._alpha
        # The gradient of sum |w_i n_i - target_i|, the targets being constants.
        slope_T = scale * (weighted_T - target_T).sign() * norm_T
        grad_T = self._weight_T.grad
        self._weight_T.grad = slope_T if grad_T is None else grad_T + slope_T

    def weights(self, losses_T: Tensor) -> Tensor:  # noqa: ARG002 (they are learnt)
        return self._weight_T.detach().clone()

    def step(self) -> None:
        self._optimizer.step()
        self._optimizer.zero_grad()
        self._weight_T.data = summing_to_tasks(self._weight_T.data.clamp(min=0))

    def state_dict(self) -> dict[str, object]:
        return {
            "weight": self._weight_T.detach(),
            "first": self._first_T,
            "optimizer": self._optimizer.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        self._weight_T.data.copy_(cast("Tensor", state["weight"]))
        self._first_T = cast("Tensor", state["first"]).to(self._first_T.device)
        self._optimizer.load_state_dict(cast("dict[str, Any]", state["optimizer"]))


def gradient_norms(losses_T: Tensor, features: Sequence[Tensor]) -> Tensor:
    """Norm of the gradient of each loss with respect to all ``features`` together, (T,).

    Leaves the graph as it is.
    """
    if not features:
        return torch.zeros_like(losses_T)
    squares: list[Tensor] = []
    for one_T in torch.eye(len(losses_T), dtype=losses_T.dtype, device=losses_T.device):
        gradients = torch.autograd.grad(
            losses_T, features, grad_outputs=one_T, retain_graph=True, materialize_grads=True
        )
        squares.append(torch.stack([g.float().square().sum() for g in gradients]).sum())
    return torch.stack(squares).sqrt()
