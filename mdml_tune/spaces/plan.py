"""How a study searches: everything in a study file but the trial itself."""

from dataclasses import field
from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from mdml_tune.config.strict import STRICT


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class BaselinePlan:
    """Single-task networks: what Δm is measured against."""

    seeds: PositiveInt = 3
    """Networks per task; their spread is part of every interval."""

    trial: dict[str, object] = field(default_factory=dict[str, object])
    """Laid upon the study's `trial`: fixes what it leaves open under `network` and `training`."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class RandomSampler:
    kind: Literal["random"]


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class GridSampler:
    """Every combination, up to `trials` of them; a float domain needs a step."""

    kind: Literal["grid"]


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class TpeSampler:
    """Tree-structured Parzen estimator (Bergstra et al. 2011)."""

    kind: Literal["tpe"] = "tpe"

    startup_trials: PositiveInt = 10
    """Drawn at random before the sampler trusts what it has seen."""


SamplerConfig = Annotated[RandomSampler | GridSampler | TpeSampler, Field(discriminator="kind")]


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class Stage:
    seeds: PositiveInt = 1
    """Seeds that each configuration of this stage is trained with."""

    top: PositiveInt | None = None
    """How many configurations reach this stage. Null: all."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class AshaStopping:
    """Asynchronous successive halving (Li et al. 2020, arXiv:1810.05934)."""

    kind: Literal["asha"] = "asha"

    grace_epochs: PositiveInt = 5
    """Epochs that every trial is granted; no fewer than the longest warm-up."""

    reduction: Annotated[int, Field(ge=2, le=100)] = 3
    """At each rung, one in this many goes on."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class SearchPlan:
    sampler: SamplerConfig = field(default_factory=TpeSampler)

    objective: str = "delta_m"
    """What is maximised: `delta_m`, or `delta_m/<task>` for the gain of one task."""

    trials: PositiveInt = 24
    """Different configurations to try."""

    stages: tuple[Stage, ...] = (Stage(),)
    """Seeds per configuration. This version takes `[{seeds: 1}]`; `confirm` adds fresh seeds."""

    early_stopping: AshaStopping | None = None
    """Ends trials that fall behind. Null: all run to their end."""

    seed: NonNegativeInt = 0
    """Of the sampler."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class ConfirmPlan:
    """The best configurations again, full length, with fresh seeds, scored on test."""

    top: NonNegativeInt = 3
    seeds: PositiveInt = 3


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class Budget:
    """When the search starts no more trials. Null: no limit."""

    gpu_hours: PositiveFloat | None = None

    wall_clock: PositiveFloat | None = None
    """Hours."""

    cost_per_gpu_hour: NonNegativeFloat | None = None
    """In your currency; for the forecast."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class Resources:
    """What one trial holds while it runs."""

    cpus: PositiveFloat = 1.0

    gpus: NonNegativeFloat = 0.0
    """A fraction lets trials share a GPU."""
