"""Weights that are safe and comparable.

Shape suffix: T tasks.
"""

import torch
from torch import Tensor

TINY = 1e-8
"""A loss below it counts as 0: that of a batch without a label for the task, which says nothing."""


def summing_to_tasks(weight_T: Tensor) -> Tensor:
    """The same proportions with a sum of T; all 1 where the sum is 0."""
    total = weight_T.sum()
    return torch.where(total == 0, 1, weight_T * (len(weight_T) / total))


def safe_log(losses_T: Tensor) -> Tensor:
    """Natural logarithm, finite for all that is finite."""
    return losses_T.clamp(min=TINY).log()


def logarithmic_weights(losses_T: Tensor, log_share_T: Tensor) -> Tensor:
    """Proportional to share / L, as the gradient of a sum of share * log L is; their sum is T.

    A loss of 0 has the weight 1, and the others have theirs as if it was not there.
    """
    seen_T = losses_T > TINY
    score_T = (log_share_T - safe_log(losses_T)).masked_fill(~seen_T, -torch.inf)
    return torch.where(seen_T, seen_T.sum() * torch.softmax(score_T, dim=0), 1)
