"""Weightings that leave the unit of a loss no say: in the logarithm it is a constant.

Both give each loss a weight proportional to 1 / L_i and differ in its size alone.

Shape suffix: T tasks.
"""

import torch
from torch import Tensor

from mdml_tune.losses.weighting.base import LossWeighting
from mdml_tune.losses.weighting.normalise import TINY, logarithmic_weights, safe_log


class ScaleInvariant(LossWeighting):
    """The sum of the logarithms (SI; Navon et al. 2022, arXiv:2202.01017).

    Its gradient, sum of g_i / L_i, would grow without bound as the losses fall: the direction is
    the published one, the weights sum to T.
    """

    def weights(self, losses_T: Tensor) -> Tensor:
        return logarithmic_weights(losses_T, torch.zeros_like(losses_T))


class GeometricMean(LossWeighting):
    """T times the geometric mean M of the losses (GLS; Chennupati et al. 2019, arXiv:1904.08492).

    The weights M / L_i have the product 1, so that they sum to T or more: to T where all losses are
    equal. Normalised to a sum of T they would be those of ``ScaleInvariant``. A loss of 0 is left
    out of the mean.
    """

    def weights(self, losses_T: Tensor) -> Tensor:
        seen_T = losses_T > TINY
        log_T = safe_log(losses_T)
        log_mean = (log_T * seen_T).sum() / seen_T.sum().clamp(min=1)
        return torch.where(seen_T, (log_mean - log_T).exp(), 1)
