"""Which rule turns the losses of the tasks into one update.

Whatever the rule, its weights sum to the number of tasks, as those of `equal` do; those that cannot
(gls, pcgrad, cagrad, aligned_mtl, graddrop) agree with `equal` where all tasks pull alike. So the
learning rate and the clipping norm mean the same under each.
"""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from mdml_tune.config.strict import STRICT


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class EqualWeighting:
    """The sum of the tasks' losses (linear scalarisation)."""

    kind: Literal["equal"] = "equal"


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class ScaleInvariantWeighting:
    """The sum of the logarithms of the losses (Navon et al. 2022, arXiv:2202.01017)."""

    kind: Literal["si"]


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class UncertaintyWeighting:
    """Homoscedastic uncertainty, learnt (Kendall et al. 2018, arXiv:1705.07115)."""

    kind: Literal["uncertainty"]


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class DwaWeighting:
    """Dynamic weight average over epochs (Liu et al. 2019, arXiv:1803.10704)."""

    kind: Literal["dwa"]

    temperature: PositiveFloat = 2.0
    """Higher: more even weights."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class RandomWeighting:
    """Random loss weighting, drawn anew at each step (Lin et al. 2022, arXiv:2111.10603)."""

    kind: Literal["rlw"]


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class GeometricWeighting:
    """The geometric mean of the losses (Chennupati et al. 2019, arXiv:1904.08492)."""

    kind: Literal["gls"]


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class DtpWeighting:
    """Dynamic task prioritisation (Guo et al. 2018): tasks that do badly weigh more."""

    kind: Literal["dtp"]

    gamma: NonNegativeFloat = 1.0
    """Focus: how much more."""

    smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Of the running mean of each task's performance indicator."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class GradNormWeighting:
    """Gradient norms are balanced by training rates (Chen et al. 2018, arXiv:1711.02257)."""

    kind: Literal["gradnorm"]

    alpha: NonNegativeFloat = 1.5
    """How strongly slow tasks are pulled forward."""

    learning_rate: PositiveFloat = 0.025
    """Of the weights."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class StchWeighting:
    """Smooth Tchebycheff scalarisation (Lin et al. 2024, arXiv:2402.19078)."""

    kind: Literal["stch"]

    mu: PositiveFloat = 1.0
    """Smoothness: towards 0, only the worst task counts."""

    warmup_epochs: PositiveInt = 4
    """Epochs on the sum of log losses; the mean losses of the last of them are the reference."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class FamoWeighting:
    """Fast adaptive multitask optimisation (Liu et al. 2023, arXiv:2306.03792)."""

    kind: Literal["famo"]

    learning_rate: PositiveFloat = 0.025
    """Of the weights."""

    gamma: NonNegativeFloat = 1e-3
    """Weight decay of the weights' logits."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class PcGradWeighting:
    """Conflicting gradients are projected (Yu et al. 2020, arXiv:2001.06782)."""

    kind: Literal["pcgrad"]


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class GradDropWeighting:
    """Gradients of the rarer sign are dropped at random (Chen et al. 2020, arXiv:2010.06808)."""

    kind: Literal["graddrop"]


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class CaGradWeighting:
    """Conflict-averse gradient descent (Liu et al. 2021, arXiv:2110.14048)."""

    kind: Literal["cagrad"]

    c: NonNegativeFloat = 0.4
    """Radius, as a share of the mean gradient's norm, in which the worst task is helped."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class MgdaWeighting:
    """The shortest vector in the gradients' hull (Sener and Koltun 2018, arXiv:1810.04650)."""

    kind: Literal["mgda"]


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class ImtlGWeighting:
    """Equal projections on all gradients (IMTL-G, Liu et al. 2021, ICLR)."""

    kind: Literal["imtl_g"]


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class NashMtlWeighting:
    """The Nash bargaining solution (Navon et al. 2022, arXiv:2202.01017)."""

    kind: Literal["nash_mtl"]

    update_every: PositiveInt = 1
    """Steps between two solutions of the bargaining problem."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class AlignedMtlWeighting:
    """Aligned principal components of the gradients (Senushkin et al. 2023, arXiv:2305.19000)."""

    kind: Literal["aligned_mtl"]


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class FairGradWeighting:
    """Alpha-fair gradients (Ban and Ji 2024, arXiv:2402.15638)."""

    kind: Literal["fairgrad"]

    alpha: PositiveFloat = 2.0
    """1: proportional fairness; more approaches max-min fairness."""


LossWeighting = (
    EqualWeighting
    | ScaleInvariantWeighting
    | UncertaintyWeighting
    | DwaWeighting
    | RandomWeighting
    | GeometricWeighting
    | DtpWeighting
    | GradNormWeighting
    | StchWeighting
    | FamoWeighting
)

GradientWeighting = (
    PcGradWeighting
    | GradDropWeighting
    | CaGradWeighting
    | MgdaWeighting
    | ImtlGWeighting
    | NashMtlWeighting
    | AlignedMtlWeighting
    | FairGradWeighting
)
"""Methods that look at the gradient of each task; through TorchJD."""

WeightingConfig = Annotated[LossWeighting | GradientWeighting, Field(discriminator="kind")]
