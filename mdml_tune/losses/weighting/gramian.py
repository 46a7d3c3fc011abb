"""Gradient methods that weigh the gradients of the tasks by their lengths and angles.

Shape suffixes: T tasks, P parameters.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import torch
from torch import Tensor

from mdml_tune.losses.weighting.gradients import (
    GradientMethod,
    add_gradient,
    gradient_rows,
    matrices,
)

Rule = Callable[[Tensor], Tensor]
"""The Gramian of the gradients, (T, T) float32 on the CPU with a mean diagonal of 1, in; weights of
the tasks, (T,), out."""


class GramianMethod(GradientMethod):
    """The shared parameters follow the sum of weights times gradients.

    With ``every`` above 1 the weights of a step are kept for the steps that follow, up to
    ``every``, which then cost a single backward pass.
    """

    def __init__(self, rule: Rule, seed: int, every: int = 1) -> None:
        super().__init__(seed)
        self._rule = rule
        self._every = every
        self._steps = 0
        self._weight_T: Tensor | None = None

    def add_shared(self, losses_T: Tensor, shared: Sequence[Tensor], scale: float) -> Tensor:
        if self._weight_T is not None and self._steps % self._every != 0:
            losses_T.backward(scale * self._weight_T, inputs=list(shared), retain_graph=True)
            return self._weight_T
        rows = gradient_rows(losses_T, shared)
        # Summed in float64: TF32 would not do.
        squares = [matrix_TP.double() @ matrix_TP.double().T for matrix_TP in matrices(rows)]
        with self.drawn(losses_T.device):
            weight_T = weights_of(torch.stack(squares).sum(dim=0).cpu(), self._rule).to(losses_T)
        for parameter, matrix_TP in zip(shared, matrices(rows), strict=True):
            add_gradient(parameter, scale * weight_T.to(matrix_TP.dtype) @ matrix_TP)
        self._weight_T = weight_T
        return weight_T

    def step(self) -> None:
        self._steps += 1

    def state_dict(self) -> dict[str, object]:
        return super().state_dict() | {"steps": self._steps, "weight": self._weight_T}

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        super().load_state_dict(state)
        self._steps = cast("int", state["steps"])
        self._weight_T = cast("Tensor | None", state["weight"])


def weights_of(gramian_TT: Tensor, rule: Rule) -> Tensor:
    """What ``rule`` says, of gradients in whatever unit.

    A gradient of 0 (a batch without a label for the task) has the weight 1, and the others have
    theirs as if it was not there: else it would pass for a reason to stand still. All have 1 where
    a gradient is not finite.

    Args:
        gramian_TT: In float64, on the CPU.
        rule: Sees it in float32, whose precision the gradients themselves have: the rules take for
            0 what is 0 within the precision of what they see.
    """
    weight_T = torch.ones(len(gramian_TT))
    seen_T = gramian_TT.diagonal() > 0
    if seen_T.any() and gramian_TT.isfinite().all():
        gramian_TT = gramian_TT[seen_T][:, seen_T]
        weight_T[seen_T] = rule((gramian_TT / gramian_TT.diagonal().mean()).float())
    return weight_T
