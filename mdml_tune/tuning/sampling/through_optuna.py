"""TPE, Gaussian processes and NSGA-II through Optuna.

Optuna's study is made anew in memory for every question, so that there is no second store to
disagree with the records, and no trial in it that nobody runs.
"""

from collections.abc import Sequence
from typing import assert_never

import optuna
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler, GPSampler, NSGAIISampler, TPESampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from mdml_tune.records import Value
from mdml_tune.spaces.domains import Choice, Domain, Int, LogInt, LogUniform, Uniform
from mdml_tune.spaces.plan import GpSampler, Nsga2Sampler, TpeSampler
from mdml_tune.spaces.space import Space
from mdml_tune.spaces.tree import Parameter
from mdml_tune.spaces.values import count
from mdml_tune.tuning.sampling.outcomes import End, Outcome
from mdml_tune.tuning.sampling.plain import Fixed
from mdml_tune.tuning.sampling.shares import point, step_of
from mdml_tune.tuning.tried import Proposal

GENERATION = "NSGAIISampler:generation"
"""Optuna's name for the generation of an individual; in the memory of a proposal too."""

Config = TpeSampler | GpSampler | Nsga2Sampler


class OptunaStudy:
    """Draws for one question.

    What was drawn and not fit stays at work in Optuna's eyes: the next draw keeps away from it.
    """

    def __init__(
        self,
        space: Space,
        config: Config,
        seed: int,
        known: Sequence[Outcome],
        objectives: int,
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._space = space
        self._study = optuna.create_study(
            directions=[StudyDirection.MAXIMIZE] * objectives, sampler=_sampler(config, seed)
        )
        self._study.add_trials(told(space, config, known))

    def __call__(self, fixed: Fixed) -> Proposal:
        trial = self._study.ask()
        assignment = self._space.draw(
            lambda p: fixed[p.name] if p.name in fixed else _suggested(trial, p)
        )
        attributes = self._study.get_trials(deepcopy=False)[trial.number].system_attrs
        memory = {GENERATION: attributes[GENERATION]} if GENERATION in attributes else {}
        return Proposal(assignment, memory)


def told(space: Space, config: Config, known: Sequence[Outcome]) -> list[FrozenTrial]:
    """The outcomes in Optuna's words.

    To TPE early-stopped trials are pruned, at their own fidelity. With several objectives Optuna
    takes no intermediate values: there a pruned trial is one that stands behind all completed.
    Gaussian processes and NSGA-II do not see pruned trials, and would propose their neighbours
    for ever; to them an early-stopped or diverged trial is as bad, in each objective, as the worst
    that completed. What crashed has failed, and what runs is running.
    """
    completed = [outcome.values for outcome in known if outcome.end is End.COMPLETED]
    worst = tuple(map(min, zip(*completed, strict=True)))
    return [_told(space, config, outcome, worst) for outcome in known]


def _told(space: Space, config: Config, outcome: Outcome, worst: tuple[float, ...]) -> FrozenTrial:
    values = outcome.values
    if isinstance(config, GpSampler | Nsga2Sampler) and outcome.judged:
        values = values or worst
    state = TrialState.COMPLETE if values else _state(outcome.end)
    domains = {p.name: p.domain for p in space.parameters if p.name in outcome.assignment}
    return create_trial(
        state=state,
        values=list(values) or None,
        params={name: _told_value(d, outcome.assignment[name]) for name, d in domains.items()},
        distributions={name: _distribution(domain) for name, domain in domains.items()},
        intermediate_values=dict(outcome.curve),
        system_attrs=_attributes(config, outcome),
    )


def _state(end: End) -> TrialState:
    match end:
        case End.STOPPED:
            return TrialState.PRUNED
        case End.NONE:
            return TrialState.RUNNING
        case End.COMPLETED | End.DIVERGED | End.CRASHED:
            return TrialState.FAIL
        case _:
            assert_never(end)


def _attributes(config: Config, outcome: Outcome) -> dict[str, object]:
    """Trials of earlier studies are NSGA-II's first generation."""
    if not isinstance(config, Nsga2Sampler):
        return {}
    generation = 0 if outcome.earlier else outcome.memory.get(GENERATION)
    return {} if generation is None else {GENERATION: generation}


def _sampler(config: Config, seed: int) -> BaseSampler:
    match config:
        case TpeSampler(startup_trials=startup):
            return _tpe(startup, seed)
        case GpSampler(startup_trials=startup):
            return GPSampler(
                n_startup_trials=startup,
                seed=seed,
                # What not every trial has, a Gaussian process cannot draw.
                independent_sampler=_tpe(startup, seed),
                warn_independent_sampling=False,
            )
        case Nsga2Sampler(population=population):
            return NSGAIISampler(population_size=population, seed=seed)
        case _:
            assert_never(config)


def _tpe(startup_trials: int, seed: int) -> TPESampler:
    return TPESampler(
        n_startup_trials=startup_trials,
        multivariate=True,
        constant_liar=True,
        seed=seed,
    )


def _suggested(trial: optuna.Trial, parameter: Parameter) -> Value:
    name, distribution = parameter.name, _distribution(parameter.domain)
    match distribution:
        case FloatDistribution(low=low, high=high, log=log):
            found = trial.suggest_float(name, low, high, log=log)
        case IntDistribution(low=low, high=high, step=step, log=log):
            found = trial.suggest_int(name, low, high, step=step, log=log)
        case CategoricalDistribution(choices=choices):
            found = trial.suggest_categorical(name, choices)
    return _meant_value(parameter.domain, found)


def _distribution(domain: Domain) -> FloatDistribution | IntDistribution | CategoricalDistribution:
    match domain:
        case Uniform(low, high, None):
            return FloatDistribution(low, high)
        case Uniform():
            # By index: Optuna's own steps are not the decimals that the study file gives.
            return IntDistribution(0, (count(domain) or 1) - 1)
        case LogUniform(low, high):
            return FloatDistribution(low, high, log=True)
        case Int(low, high, step):
            return IntDistribution(low, high, step=step or 1)
        case LogInt(low, high):
            return IntDistribution(low, high, log=True)
        case Choice(options):
            return CategoricalDistribution(options)
        case _:
            assert_never(domain)


def _told_value(domain: Domain, value: Value) -> Value:
    if isinstance(domain, Uniform) and domain.step is not None and isinstance(value, int | float):
        return step_of(domain, value)
    return value


def _meant_value(domain: Domain, value: Value) -> Value:
    if isinstance(domain, Uniform) and domain.step is not None and isinstance(value, int):
        return point(domain, value)
    return value
