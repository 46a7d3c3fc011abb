"""Which parameters decide: how much of being among the best each explains on its own."""

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial, create_trial

from mdml_tune.analysis.parameters import Column, Values_N

FEWEST = 10
"""Configurations without which nothing is said: at least as many others as are called the best."""

_BEST = 5
"""At least so many are called the best: with fewer Optuna calls PED-ANOVA unstable."""

MOST = 200
"""Of more configurations, evenly spaced ones along the ranking speak for all: time is bounded."""

SHUFFLES = 19
"""Chance exceeds the highest of 19 once in 20 times."""

Judge = Callable[[Values_N], Mapping[str, float]]
"""Gain of each configuration -> what each parameter explains of it, in percent."""


@dataclass(frozen=True, slots=True)
class Importance:
    name: str
    explained: float
    """Percent of the variance of being among the best third that it explains on its own."""
    chance: float
    """What it seems to explain of shuffled gains: more only once in 20 times. The fewer the
    configurations, the more; and more for a number than for an option, which Optuna smooths more."""
    configurations: int
    """Those that have the parameter: it is judged among them."""

    @property
    def times_chance(self) -> float:
        """Up to 1 it is nothing that chance does not give; comparable between all parameters."""
        return self.explained / self.chance if self.chance > 0 else 0.0


def importances(parameters: Sequence[Column], gains: Sequence[float]) -> list[Importance]:
    """What each parameter of the configurations with these ``gains`` explains; the surest first.

    PED-ANOVA (Watanabe, Bansal and Hutter 2023, arXiv:2304.10255) as Optuna computes it, "local":
    the best configurations against all that were tried, so that where a sampler looked more often
    does not count by itself. The best are a third, not Optuna's tenth: with tens of configurations
    that finds real effects about twice as often, and false ones as seldom. Optuna's value is divided
    by the variance of being among the best, ``q (1 - q)``: 0 is nothing, 100 % all. A parameter is
    judged among the configurations that have it, and left out where they are fewer than ``FEWEST``.
    The gains must all be of one fidelity.
    """
    found: list[Importance] = []
    for group, judge, values in _judged(parameters, gains):
        explains, chances = judge(values), _by_chance(judge, values)
        found += [
            Importance(c.name, explains[c.name], chances[c.name], len(c.holders)) for c in group
        ]
    return sorted(found, key=lambda one: -one.times_chance)


def explained(parameters: Sequence[Column], gains: Sequence[float]) -> dict[str, float]:
    """The same without what chance gives, which takes most of the time: parameter -> percent."""
    found: dict[str, float] = {}
    for _, judge, values in _judged(parameters, gains):
        found |= judge(values)
    return found


def _judged(
    parameters: Sequence[Column], gains: Sequence[float]
) -> Iterator[tuple[list[Column], Judge, Values_N]]:
    """Parameters that the same configurations have, who judges them, and the gains of these."""
    for places, group in _by_holders(parameters).items():
        yield group, _ped_anova(group, places), np.asarray(gains, dtype=float)[list(places)]


def _by_holders(parameters: Sequence[Column]) -> dict[tuple[int, ...], list[Column]]:
    """Parameters that the same configurations have, together; the places are thinned out."""
    groups: dict[tuple[int, ...], list[Column]] = {}
    for column in parameters:
        if len(column.holders) >= FEWEST:
            groups.setdefault(_thinned(column.holders), []).append(column)
    return groups


def _thinned(places: tuple[int, ...]) -> tuple[int, ...]:
    if len(places) <= MOST:
        return places
    return tuple(places[index * len(places) // MOST] for index in range(MOST))


def _by_chance(judge: Judge, gains: Values_N) -> dict[str, float]:
    """Of each parameter, the highest of what it explains of shuffled gains."""
    random = np.random.default_rng(0)
    drawn = [judge(random.permutation(gains)) for _ in range(SHUFFLES)]
    return {name: max(of[name] for of in drawn) for name in drawn[0]}


def _ped_anova(group: Sequence[Column], places: Sequence[int]) -> Judge:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study()
    told = {column.name: _told(column, places) for column in group}
    distributions = {column.name: _distribution(column, places) for column in group}
    study.add_trials(
        [
            create_trial(
                value=0.0,
                params={name: values[index] for name, values in told.items()},
                distributions=distributions,
            )
            for index in range(len(places))
        ]
    )
    best = max(_BEST, math.ceil(len(places) / 3)) / len(places)
    # Loaded by Optuna on this first use: it takes a second, which only who needs it pays.
    evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=best)

    def judge(gains: Values_N) -> Mapping[str, float]:
        def loss(trial: FrozenTrial) -> float:
            return -float(gains[trial.number])

        with warnings.catch_warnings():
            # Optuna warns that it looks for low values, and that values as they are may go one day.
            warnings.simplefilter("ignore")
            found = optuna.importance.get_param_importances(
                study, evaluator=evaluator, target=loss, normalize=False
            )
        return {name: 100 * value / (best * (1 - best)) for name, value in found.items()}

    return judge


def _told(column: Column, places: Sequence[int]) -> Sequence[str | float]:
    """The values as Optuna takes them."""
    numbers = column.numbers(places)
    if not column.is_numeric:
        return [column.options[int(number)] for number in numbers]
    return [int(number) if _by_steps(column) else float(number) for number in numbers]


def _distribution(column: Column, places: Sequence[int]) -> BaseDistribution:
    """Over the range that was seen: beyond it nothing is known."""
    if not column.is_numeric:
        return CategoricalDistribution(column.options)
    numbers = column.numbers(places)
    low, high = float(numbers.min()), float(numbers.max())
    if _by_steps(column):
        return IntDistribution(int(low), int(high))
    return FloatDistribution(low, high, log=column.is_log)


def _by_steps(column: Column) -> bool:
    return column.is_whole and not column.is_log
