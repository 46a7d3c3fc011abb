"""How a study searches: everything in a study file but the trial itself."""

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from mdml_tune.config.strict import STRICT
from mdml_tune.records import Value

DELTA_M = "delta_m"


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
class SobolSampler:
    """Scrambled Sobol points (Owen 1998): random, but without gaps and clusters."""

    kind: Literal["sobol"]


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class TpeSampler:
    """Tree-structured Parzen estimator (Bergstra et al. 2011)."""

    kind: Literal["tpe"] = "tpe"

    startup_trials: PositiveInt = 10
    """Drawn at random before the sampler trusts what it has seen."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class GpSampler:
    """Bayesian optimisation with a Gaussian process; for few, costly trials."""

    kind: Literal["gp"]

    startup_trials: PositiveInt = 10
    """Drawn at random before the sampler trusts what it has seen."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class CmaEsSampler:
    """Covariance matrix adaptation (Hansen 2016, arXiv:1604.00772); for ranges, not for choices."""

    kind: Literal["cmaes"]

    startup_trials: PositiveInt = 1
    """Drawn at random before the first generation."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class Nsga2Sampler:
    """Non-dominated sorting genetic algorithm (Deb et al. 2002); for several objectives."""

    kind: Literal["nsga2"]

    population: Annotated[int, Field(ge=2)] = 16
    """Trials of one generation."""


SamplerConfig = Annotated[
    RandomSampler
    | GridSampler
    | SobolSampler
    | TpeSampler
    | GpSampler
    | CmaEsSampler
    | Nsga2Sampler,
    Field(discriminator="kind"),
]


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class Stage:
    seeds: PositiveInt = 1
    """Seeds that each configuration of this stage is trained with, in all."""

    top: PositiveInt | None = None
    """How many configurations reach this stage. Null: all; the first stage alone may say so."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class AshaStopping:
    """Asynchronous successive halving (Li et al. 2020, arXiv:1810.05934)."""

    kind: Literal["asha"] = "asha"

    grace_epochs: PositiveInt = 5
    """Epochs that every trial is granted; no fewer than the longest warm-up."""

    reduction: Annotated[int, Field(ge=2, le=100)] = 3
    """At each rung, one in this many goes on."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class HyperbandStopping:
    """Successive halving in brackets that begin to judge at different epochs (Li et al. 2018)."""

    kind: Literal["hyperband"]

    grace_epochs: PositiveInt = 5
    """Of the bracket that judges first; no fewer than the longest warm-up."""

    reduction: Annotated[int, Field(ge=2, le=100)] = 3
    """At each rung, one in this many goes on; a bracket begins as many times later than the last."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class MedianStopping:
    """Ends what is behind the median of the running means (Golovin et al. 2017, section 3.2)."""

    kind: Literal["median"]

    grace_epochs: PositiveInt = 5
    """Epochs that every trial is granted; no fewer than the longest warm-up."""

    min_trials: PositiveInt = 3
    """Trials that must have come as far before any is judged."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class PbtStopping:
    """Population based training (Jaderberg et al. 2017, arXiv:1711.09846).

    Members that fall behind end, and a copy of a leading one goes on in their place with its
    mimicry weights and learning rate moved. `trials` counts copies too.
    """

    kind: Literal["pbt"]

    population: Annotated[int, Field(ge=2)] = 8
    """Members at the start."""

    interval_epochs: PositiveInt = 5
    """Epochs between two judgements; the first no earlier than the longest warm-up."""

    quantile: Annotated[float, Field(gt=0, le=0.5)] = 0.25
    """Share that falls behind, and share that leads."""

    @property
    def grace_epochs(self) -> int:
        return self.interval_epochs


Stopping = Annotated[
    AshaStopping | HyperbandStopping | MedianStopping | PbtStopping, Field(discriminator="kind")
]


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class SearchPlan:
    sampler: SamplerConfig = field(default_factory=TpeSampler)

    objective: str | tuple[str, ...] = DELTA_M
    """What is maximised: `delta_m`, or `delta_m/<task>` for the gain of one task; or a list."""

    trials: PositiveInt = 24
    """Different configurations to try."""

    start_with: tuple[Mapping[str, Value], ...] = ()
    """Configurations to try first: dotted path -> value; what is left out is drawn."""

    stages: tuple[Stage, ...] = (Stage(),)
    """Seeds per configuration: survivors earn more, at full length, not counted as trials."""

    early_stopping: Stopping | None = None
    """Ends trials that fall behind. Null: all run to their end."""

    seed: NonNegativeInt = 0
    """Of the sampler."""

    @property
    def objectives(self) -> tuple[str, ...]:
        """Metrics in a report that are maximised: ``val/delta_m``."""
        named = (self.objective,) if isinstance(self.objective, str) else self.objective
        return tuple(f"val/{name}" for name in named)

    @property
    def ranked_by(self) -> str:
        """The one metric in a report that says which of two is better."""
        return self.objectives[0] if len(self.objectives) == 1 else f"val/{DELTA_M}"


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class ConfirmPlan:
    """The best configurations again, full length, with fresh seeds, scored on test."""

    top: NonNegativeInt = 3
    seeds: PositiveInt = 3


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class Budget:
    """Where the study stops, with a valid ranking of what there is. Null: no limit."""

    gpu_hours: PositiveFloat | None = None

    wall_clock: PositiveFloat | None = None
    """Hours since this start."""

    cost: PositiveFloat | None = None
    """In your currency; needs `cost_per_gpu_hour`."""

    cost_per_gpu_hour: NonNegativeFloat | None = None
    """In your currency."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class Resources:
    """What one trial holds while it runs, and when it is given up."""

    cpus: PositiveFloat = 1.0

    gpus: NonNegativeFloat = 0.0
    """A fraction lets trials share a GPU."""

    retries: NonNegativeInt = 2
    """How often a trial goes on after its process died. The loss of a node does not count."""

    stall_timeout: PositiveFloat | None = 1800.0
    """Seconds without an epoch after which a trial is ended as failed. Null: it may take for ever."""
