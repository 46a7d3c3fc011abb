"""Rules that turn the losses of the tasks into one number."""

from collections.abc import Callable

from torch import Tensor

from mdml_tune.config.weighting import WeightingConfig

Weighting = Callable[[Tensor], Tensor]
"""Losses of shape (tasks,) in, a scalar out."""


def build_weighting(config: WeightingConfig) -> Weighting:
    """The one place where a rule's name becomes code."""
    match config.kind:
        case "equal":
            return lambda losses: losses.sum()
