"""Which trials a study will draw, and which of them cost the same per epoch."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import cast

from mdml_tune.config.load import load_trial
from mdml_tune.config.schema import plain
from mdml_tune.config.trial import TrialConfig
from mdml_tune.spaces.allowed import drawings
from mdml_tune.spaces.plan import GridSampler
from mdml_tune.spaces.space import Assignment
from mdml_tune.spaces.study import Study

DRAWS = 200
"""Random trials that stand for what a sampler will ask for."""

COUNTED = 10_000
"""A space with more combinations counts as endless."""

COSTS_NOTHING = frozenset(
    {
        *("data", "epochs", "warmup_epochs", "ramp", "stage_epochs", "schedule", "changes"),
        *("queue", "order", "similarity", "linkage"),
    }
)
"""Sections and settings that change no epoch's cost. Data are the same for all."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Trials whose epochs cost the same."""

    key: str
    config: TrialConfig
    """One of them."""
    configs: tuple[TrialConfig, ...]
    """All that were drawn."""


def draws(study: Study) -> list[TrialConfig]:
    """Trials as the study will ask for them: of a grid those of the grid, else random ones.

    A sampler that learns will ask for some more often than others; nobody knows yet for which.
    """
    if isinstance(study.search.sampler, GridSampler):
        found = _allowed(study, study.space.grid())
        return [load_trial(values) for values in islice(found, study.search.trials)]
    found = _allowed(study, drawings(study.space))
    return [load_trial(values) for values in islice(found, DRAWS)]


def planned(study: Study) -> int:
    """Configurations that will be tried: no more than the space holds."""
    trials, space = study.search.trials, study.space
    if space.without_grid or space.grid_size() > COUNTED:
        return trials
    return sum(1 for _ in islice(_allowed(study, space.grid()), trials))


def kinds(configs: Sequence[TrialConfig]) -> list[Kind]:
    """The trials by what their epochs cost, the most frequent first."""
    found: dict[str, list[TrialConfig]] = {}
    for config in configs:
        found.setdefault(cost_key(config), []).append(config)
    every = [Kind(key, members[0], tuple(members)) for key, members in found.items()]
    return sorted(every, key=lambda kind: -len(kind.configs))


def cost_key(config: TrialConfig) -> str:
    """Equal for trials whose epochs cost the same on the same data.

    Numbers with a fraction are strengths (weights, temperatures, rates): they cost the same however
    large they are, but for 0.
    """
    return json.dumps(_costly(plain(config)), sort_keys=True)


def _allowed(study: Study, assignments: Iterable[Assignment]) -> Iterator[dict[str, object]]:
    resolved = (study.space.resolve(assignment) for assignment in assignments)
    return (values for values in resolved if study.allows(values))


def _costly(value: object) -> object:
    if isinstance(value, Mapping):
        items = cast("Mapping[str, object]", value).items()
        return {key: _costly(below) for key, below in items if key not in COSTS_NOTHING}
    if isinstance(value, list | tuple):
        return [_costly(below) for below in cast("Sequence[object]", value)]
    return value > 0 if isinstance(value, float) else value
