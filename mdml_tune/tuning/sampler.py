"""What to try next: a function of the study's own records, of the seed and of the trial's number.

Optuna's study is made anew in memory for every question, so that there is no second store to
disagree with the records, and no trial in it that nobody runs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial, TrialState, create_trial

from mdml_tune.records import Status, TrialRecord, Value
from mdml_tune.spaces.domains import Choice, Int, LogInt, LogUniform, Uniform
from mdml_tune.spaces.plan import GridSampler, RandomSampler, SamplerConfig, TpeSampler
from mdml_tune.spaces.space import Assignment, Space
from mdml_tune.spaces.tree import Parameter

REDRAWS = 100
"""Drawings in a row that may be known already before the space counts as exhausted."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A searched trial as the sampler sees it."""

    assignment: Mapping[str, Value]
    record: TrialRecord


@dataclass(frozen=True, slots=True)
class Sampler:
    space: Space
    config: SamplerConfig
    objective: str
    """Name of the maximised metric in a report: ``val/delta_m``."""
    seed: int

    def proposals(self, number: int, tried: Sequence[Tried]) -> Iterator[Assignment]:
        """Assignments for trial ``number``, to be taken in order until one is new."""
        match self.config:
            case GridSampler():
                yield from self.space.grid()
            case RandomSampler() | TpeSampler():
                for redraw in range(REDRAWS):
                    yield self._drawn(self.config, (number, redraw), tried)
            case _:
                assert_never(self.config)

    def _drawn(
        self,
        config: RandomSampler | TpeSampler,
        stream: tuple[int, int],
        tried: Sequence[Tried],
    ) -> Assignment:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        seed = int(np.random.SeedSequence([self.seed, *stream]).generate_state(1)[0])
        study = optuna.create_study(direction="maximize", sampler=_sampler(config, seed))
        for one in tried:
            study.add_trial(self._frozen(one))
        trial = study.ask()
        return self.space.draw(lambda parameter: _suggest(trial, parameter))

    def _frozen(self, tried: Tried) -> FrozenTrial:
        """The trial in Optuna's words: early-stopped ones are pruned, at their own fidelity."""
        record = tried.record
        values = {
            r.epoch: r.metrics[self.objective]
            for r in record.history
            if self.objective in r.metrics
        }
        states = {
            Status.COMPLETED: TrialState.COMPLETE if values else TrialState.FAIL,
            Status.PRUNED: TrialState.PRUNED,
            Status.FAILED: TrialState.FAIL,
            Status.RUNNING: TrialState.RUNNING,
        }
        state = states[record.status]
        return create_trial(
            state=state,
            value=values[max(values)] if state is TrialState.COMPLETE else None,
            params=dict(tried.assignment),
            distributions={
                p.name: _distribution(p)
                for p in self.space.parameters
                if p.name in tried.assignment
            },
            intermediate_values=values,
        )


def _sampler(config: RandomSampler | TpeSampler, seed: int) -> optuna.samplers.BaseSampler:
    match config:
        case RandomSampler():
            return optuna.samplers.RandomSampler(seed=seed)
        case TpeSampler():
            return optuna.samplers.TPESampler(
                n_startup_trials=config.startup_trials,
                multivariate=True,
                constant_liar=True,
                seed=seed,
            )


def _suggest(trial: optuna.Trial, parameter: Parameter) -> Value:
    name, domain = parameter.name, parameter.domain
    match domain:
        case Uniform():
            return trial.suggest_float(name, domain.low, domain.high, step=domain.step)
        case LogUniform():
            return trial.suggest_float(name, domain.low, domain.high, log=True)
        case Int():
            return trial.suggest_int(name, domain.low, domain.high, step=domain.step or 1)
        case LogInt():
            return trial.suggest_int(name, domain.low, domain.high, log=True)
        case Choice():
            return trial.suggest_categorical(name, list(domain.options))


def _distribution(parameter: Parameter) -> BaseDistribution:
    domain = parameter.domain
    match domain:
        case Uniform():
            return FloatDistribution(domain.low, domain.high, step=domain.step)
        case LogUniform():
            return FloatDistribution(domain.low, domain.high, log=True)
        case Int():
            return IntDistribution(domain.low, domain.high, step=domain.step or 1)
        case LogInt():
            return IntDistribution(domain.low, domain.high, log=True)
        case Choice():
            return CategoricalDistribution(list(domain.options))
