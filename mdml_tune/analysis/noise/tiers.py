"""Which configurations cannot be told apart, and how likely each is to be the best."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mdml_tune.analysis.noise.equality import DRAWS, OfSeeds, Table, table_of
from mdml_tune.analysis.noise.layout import TINY

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Standing:
    effect: float
    """Score up to a common constant: the mean, but for what seeds that others lack do to it."""
    tier: int
    """1 holds the leader and all that cannot be told from it, 2 the best of the rest, ..."""
    p_behind: float | None
    """Corrected p of the leader of all being no better; none for the leader itself, and where
    there is no estimate of noise."""
    p_best: float | None
    """Probability of having the highest expected score; none where there is no estimate of noise."""


def standings(configurations: Sequence[OfSeeds]) -> list[Standing]:
    """The standing of each configuration, in the order given.

    Judged by their effects (see ``layout``): a configuration whose unlucky seed was lost does not
    come first for that. The leader of each tier is set against all that are left (``Table.p_ahead``); who is not
    behind it at the 5 % level is in its tier. So the chance of putting any configuration behind a
    leader that is no better stays below 5 % for each tier. ``p_best`` draws the expected scores from
    their posterior under flat priors (multivariate t), with a fixed seed.
    """
    table = table_of(configurations)
    if table is None:
        return [Standing(sum(of.values()) / len(of), 1, None, None) for of in configurations]
    tiers, behind = [0] * len(configurations), dict[int, float]()
    effects = [table.effect(index) for index in range(len(configurations))]
    waiting, tier = sorted(range(len(configurations)), key=lambda index: -effects[index]), 0
    while waiting:
        tier += 1
        leader, *others = waiting
        p_of = table.p_ahead(leader, others)
        behind = behind or p_of
        for each in waiting:
            tiers[each] = tier
        waiting = [other for other in others if p_of[other] <= ALPHA]
    return [
        Standing(effects[index], tier, behind.get(index), chance)
        for index, (tier, chance) in enumerate(zip(tiers, _chances(table), strict=True))
    ]


def _chances(table: Table) -> list[float]:
    """Of each configuration; those that are the same networks share their chance."""
    fit = table.fit
    count = fit.effects_NC.shape[1]
    random = np.random.default_rng(0)
    values, vectors = np.linalg.eigh(fit.model.covariance_CC * fit.variance_N[0])
    root = vectors * np.sqrt(np.clip(values, 0, None))
    freedom = fit.model.freedom
    spread = np.sqrt(freedom / random.chisquare(freedom, size=(DRAWS, 1)))
    draws = fit.effects_NC[0] + (random.standard_normal((DRAWS, count)) @ root.T) * spread
    best = draws >= draws.max(axis=1, keepdims=True) - TINY
    chances = (best / best.sum(axis=1, keepdims=True)).mean(axis=0)
    return [float(chances[place]) / table.place.count(place) for place in table.place]
