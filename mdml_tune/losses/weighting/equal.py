"""Equal weighting."""

import torch
from torch import Tensor

from mdml_tune.losses.weighting.base import LossWeighting


class Equal(LossWeighting):
    """The sum of the losses: the yardstick of all other weightings."""

    def weights(self, losses_T: Tensor) -> Tensor:
        return torch.ones_like(losses_T)
