"""Gradient sign dropout.

Shape suffixes: T tasks, P parameters.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from mdml_tune.losses.weighting.gradients import (
    GradientMethod,
    add_gradient,
    gradient_rows,
    matrices,
)
from mdml_tune.losses.weighting.torchjd import torchjd_aggregation


class GradDrop(GradientMethod):
    """For each parameter one sign is drawn, and gradients of the other one are dropped.

    Chen et al. 2020 (arXiv:2010.06808, algorithm 1), on the gradients of the shared parameters
    rather than of the features. A sign's chance is its share of the sum of absolute gradients.
    There are no weights: the report is the sum of the losses.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._aggregator = torchjd_aggregation().GradDrop()

    def add_shared(self, losses_T: Tensor, shared: Sequence[Tensor], scale: float) -> Tensor:
        rows = gradient_rows(losses_T, shared)
        with self.drawn(losses_T.device):
            for parameter, matrix_TP in zip(shared, matrices(rows), strict=True):
                add_gradient(parameter, scale * self._aggregator(matrix_TP))
        return torch.ones_like(losses_T)
