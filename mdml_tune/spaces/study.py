"""A study: a trial in which any value may be open, and how to search it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import field
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from mdml_tune.config.data import DataConfig
from mdml_tune.config.load import equal_weighting, load_trial, single_task
from mdml_tune.config.schema import plain
from mdml_tune.config.strict import STRICT
from mdml_tune.config.trial import TrialConfig
from mdml_tune.spaces.allowed import allowed_corners
from mdml_tune.spaces.plan import BaselinePlan, Budget, ConfirmPlan, Resources, SearchPlan
from mdml_tune.spaces.require import Comparison, parse_requirement
from mdml_tune.spaces.sections import at, laid_upon
from mdml_tune.spaces.space import Space
from mdml_tune.spaces.whole import network_place
from mdml_tune.tasks import Task

BASELINE_SECTIONS = ("network", "training")
"""What a baseline shares with the trials, besides the data."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Study:
    """What a study file says. Made by ``check_study``, which alone checks how sections fit."""

    study: str
    """What the study is called: its folder, and its experiment in MLflow."""

    trial: dict[str, object]
    """A trial's configuration, any value of which may be a domain."""

    methods: Annotated[dict[str, dict[str, object]], Field(min_length=1)] | None = None
    """Alternatives to compare: what each lays upon `trial`, under its name."""

    require: tuple[str, ...] = ()
    """What every trial must fulfil: comparisons of paths and numbers (`training.epochs > 3`)."""

    baseline: BaselinePlan = field(default_factory=BaselinePlan)

    search: SearchPlan = field(default_factory=SearchPlan)

    confirm: ConfirmPlan | None = field(default_factory=ConfirmPlan)
    """Null: no confirmation."""

    budget: Budget = field(default_factory=Budget)

    resources: Resources = field(default_factory=Resources)

    keep: Literal["all", "finalists", "none"] = "finalists"
    """Last checkpoints kept: of all trials, of confirmed ones, or of none. Baselines keep theirs."""

    @property
    def name(self) -> str:
        return self.study

    @cached_property
    def space(self) -> Space:
        return Space.of(self.trial, self.methods)

    @property
    def data(self) -> DataConfig:
        """What every trial learns from."""
        return self._reference.data

    @property
    def tasks(self) -> tuple[Task, ...]:
        """In the vocabulary's order."""
        return self.data.tasks

    @cached_property
    def requirements(self) -> tuple[Comparison, ...]:
        found = (parse_requirement(text) for text in self.require)
        return tuple(one for one in found if isinstance(one, Comparison))

    def allows(self, values: Mapping[str, object]) -> bool:
        """Whether a trial of the space, as plain values, fulfils what the study requires."""
        return all(requirement.holds(values) for requirement in self.requirements)

    @cached_property
    def corners(self) -> tuple[TrialConfig, ...]:
        """The trials at the ends of every domain, in every branch.

        Of a study with requirements those that it allows, and the outermost of some that are drawn.
        """
        corners = allowed_corners(self.space, self.requirements)
        return tuple(load_trial(self.space.resolve(corner)) for corner in corners)

    @property
    def epochs(self) -> int:
        """Of the longest trial."""
        return max(config.training.epochs for config in self.corners)

    def baseline_config(self, task: Task) -> TrialConfig:
        """The single-task network that the trials are measured against."""
        return single_task(self._reference, task)

    def equal_weighting_config(self) -> TrialConfig:
        """One network for all tasks with the baselines' recipe: what complexity is read from."""
        return equal_weighting(self._reference)

    @property
    def values(self) -> dict[str, object]:
        """The study as plain values with every default written out; ``check_study`` reads them."""
        values = plain(self)
        return {key: v for key, v in values.items() if key != "methods" or v is not None}

    @property
    def space_digest(self) -> str:
        """Stands for what is searched and by which measure; not for how long or how often."""
        searched = [self.trial, self.methods, list(self.search.objectives)]
        searched += [list(self.require)] if self.require else []
        return hashlib.sha256(json.dumps(searched, sort_keys=True).encode()).hexdigest()[:16]

    @cached_property
    def _reference(self) -> TrialConfig:
        return load_trial(reference_values(self.trial, self.baseline.trial))


def reference_values(
    trial: Mapping[str, object], baseline: Mapping[str, object]
) -> dict[str, object]:
    """The trial that baselines are made from, as plain values."""
    kept = {key: trial[key] for key in ("data", *BASELINE_SECTIONS) if key in trial}
    place = network_place(trial)
    if place != "network":
        kept["network"] = at(trial, place)
    return laid_upon(kept, baseline)
