"""From a weighting's name to the weighting."""

from collections.abc import Sequence
from typing import assert_never

import torch

from mdml_tune.config.weighting import GradientWeighting, GradNormWeighting, WeightingConfig
from mdml_tune.config.weighting import LossWeighting as LossConfig
from mdml_tune.losses.weighting.base import LossWeighting, Weighting
from mdml_tune.losses.weighting.dtp import TaskPriorities
from mdml_tune.losses.weighting.dwa import DynamicWeightAverage
from mdml_tune.losses.weighting.equal import Equal
from mdml_tune.losses.weighting.famo import Famo
from mdml_tune.losses.weighting.gradnorm import GradNorm
from mdml_tune.losses.weighting.logarithmic import GeometricMean, ScaleInvariant
from mdml_tune.losses.weighting.rlw import RandomWeights
from mdml_tune.losses.weighting.stch import SmoothTchebycheff
from mdml_tune.losses.weighting.uncertainty import Uncertainty
from mdml_tune.tasks import Task


def uses_gradients(config: WeightingConfig) -> bool:
    """Whether the weighting looks at gradients, for which a network must show its features."""
    return isinstance(config, GradientWeighting | GradNormWeighting)


def build_weighting(
    config: WeightingConfig, tasks: Sequence[Task], *, seed: int, device: torch.device
) -> Weighting:
    """The weighting of one peer, fresh; ``seed`` is that of its own random numbers, if any.

    Raises:
        UnavailableError: It comes from TorchJD, which is not installed.
    """
    if isinstance(config, GradientWeighting):
        return _gradient_method(config, seed)
    return _loss_weighting(config, len(tasks), seed, device)


def _loss_weighting(  # noqa: C901, PLR0911 (a catalogue)
    config: LossConfig, tasks: int, seed: int, device: torch.device
) -> LossWeighting:
    match config.kind:
        case "equal":
            return Equal()
        case "si":
            return ScaleInvariant()
        case "uncertainty":
            return Uncertainty(tasks, device)
        case "dwa":
            return DynamicWeightAverage(config.temperature)
        case "rlw":
            return RandomWeights(tasks, seed, device)
        case "gls":
            return GeometricMean()
        case "dtp":
            return TaskPriorities(config.gamma, config.smoothing)
        case "gradnorm":
            return GradNorm(tasks, config.alpha, config.learning_rate, device)
        case "stch":
            return SmoothTchebycheff(config.mu, config.warmup_epochs)
        case "famo":
            return Famo(tasks, config.learning_rate, config.gamma, device)
        case _:
            assert_never(config.kind)


def _gradient_method(config: GradientWeighting, seed: int) -> Weighting:
    # SciPy's optimisers and TorchJD take a while to import, and few trials need them.
    from mdml_tune.losses.weighting.graddrop import GradDrop  # noqa: PLC0415
    from mdml_tune.losses.weighting.gramian import GramianMethod  # noqa: PLC0415
    from mdml_tune.losses.weighting.rules import build_rule  # noqa: PLC0415

    match config.kind:
        case "graddrop":
            return GradDrop(seed)
        case "nash_mtl":
            return GramianMethod(build_rule(config), seed, every=config.update_every)
        case _:
            return GramianMethod(build_rule(config), seed)
