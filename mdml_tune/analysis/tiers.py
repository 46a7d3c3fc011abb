"""Which configurations cannot be told apart, and how likely each is to be the best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from mdml_tune.analysis.intervals import p_value

ALPHA = 0.05
DRAWS = 10_000
TINY = 1e-12
"""Percentage points that rounding of floats can make."""

OfSeeds = Mapping[int, float]
"""Seed -> Δm in percent."""


@dataclass(frozen=True, slots=True)
class Standing:
    tier: int
    """1 holds the leader and all that cannot be told from it, 2 the best of the rest, ..."""
    p_best: float | None
    """Probability of having the highest expected Δm; none where there is no estimate of noise."""


def standings(configurations: Sequence[OfSeeds]) -> list[Standing]:
    """The standing of each configuration, given best first, each with at least two seeds.

    Two-way layout without interaction, ``Δm = configuration + seed + noise`` with the noise's
    variance pooled over all configurations: few seeds say little, together they say more. Every
    pair is tested (two-sided t) after an F test of them all, corrected together by Holm's step-down
    method in Shaffer's form (JASA 81, 1986), which counts only the pairs that can still be equal.
    Since the leader is picked by looking, all pairs count, not only the leader's: the chance of
    calling any two equals different stays below 5 %.
    A seed that some configurations lack is allowed for. ``p_best`` draws the expected Δm's from
    their posterior under flat priors (multivariate t), with a fixed seed.
    """
    layout = _fit(configurations)
    if layout is None:
        return [Standing(1, None) for _ in configurations]
    tiers = _tiers(len(configurations), _different(layout))
    chances = _chances(layout)
    return [Standing(tier, chance) for tier, chance in zip(tiers, chances, strict=True)]


@dataclass(frozen=True, slots=True)
class _Layout:
    effect: NDArray[np.float64]
    """Least-squares effect of each configuration, up to a common constant."""
    covariance: NDArray[np.float64]
    """Of ``effect``, for the noise's variance 1."""
    noise: float
    """Variance of the noise, pooled."""
    freedom: int


def _fit(configurations: Sequence[OfSeeds]) -> _Layout | None:
    """None where noise cannot be estimated or some configurations share no seed, even in a chain."""
    count = len(configurations)
    seeds = sorted({seed for of_seeds in configurations for seed in of_seeds})
    cells = [(c, s, y) for c, of in enumerate(configurations) for s, y in of.items()]
    design = np.zeros((len(cells), count + len(seeds)))
    for row, (configuration, seed, _) in enumerate(cells):
        design[row, configuration] = 1
        design[row, count + seeds.index(seed)] = 1
    rank = int(np.linalg.matrix_rank(design))
    freedom = len(cells) - rank
    if rank < count + len(seeds) - 1 or (count > 1 and freedom == 0):
        return None
    inverse = np.linalg.pinv(design.T @ design).astype(np.float64)
    observed = np.array([y for _, _, y in cells])
    effect = inverse @ design.T @ observed
    residual = observed - design @ effect
    noise = float(residual @ residual) / freedom if freedom else 0.0
    return _Layout(effect[:count], inverse[:count, :count], noise, freedom)


def _different(layout: _Layout) -> set[tuple[int, int]]:
    """Pairs, the better first, that differ at the 5 % level after correction for all pairs."""
    if not _anything_differs(layout):
        return set()
    p_values: list[tuple[float, int, int]] = []
    for a, b in combinations(range(len(layout.effect)), 2):
        c = layout.covariance
        error = float(np.sqrt(layout.noise * (c[a, a] + c[b, b] - 2 * c[a, b])))
        gain = float(layout.effect[a] - layout.effect[b])
        better, worse = (a, b) if gain > 0 else (b, a)
        p_values.append((p_value(gain, error, layout.freedom), better, worse))
    found: set[tuple[int, int]] = set()
    for p, better, worse in sorted(p_values):
        if p * _still_possible(len(layout.effect), len(found)) > ALPHA:
            break
        found.add((better, worse))
    return found


def _anything_differs(layout: _Layout) -> bool:
    """The F test of all configurations being equal, at 5 %."""
    gains = layout.effect[1:] - layout.effect[0]
    if layout.noise < TINY**2 or not len(gains):
        return bool(np.abs(gains).max(initial=0.0) > TINY)
    contrasts = np.hstack([-np.ones((len(gains), 1)), np.eye(len(gains))])
    spread = contrasts @ layout.covariance @ contrasts.T * layout.noise
    ratio = gains @ np.linalg.solve(spread, gains) / len(gains)
    return bool(fdtrc(len(gains), layout.freedom, ratio) <= ALPHA)


def _still_possible(count: int, rejected: int) -> int:
    """How many of the pairs can still be equal, since not all are and ``rejected`` are not."""
    pairs = count * (count - 1) // 2
    left = min(pairs - rejected, pairs - 1)
    return max(1, *(equal for equal in _equal_pairs(count) if equal <= left))


@cache
def _equal_pairs(count: int) -> frozenset[int]:
    """Numbers of equal pairs that there can be: equality splits configurations into groups."""
    if count < 2:  # noqa: PLR2004 (no pair)
        return frozenset({0})
    return frozenset(
        size * (size - 1) // 2 + rest
        for size in range(1, count + 1)
        for rest in _equal_pairs(count - size)
    )


def _tiers(count: int, different: set[tuple[int, int]]) -> list[int]:
    """Each tier's leader is the first not yet placed; who is behind it for sure waits."""
    tiers = [0] * count
    waiting, tier = list(range(count)), 0
    while waiting:
        tier += 1
        leader = waiting[0]
        behind = [other for other in waiting if (leader, other) in different]
        for other in waiting:
            tiers[other] = tier
        waiting = behind
    return tiers


def _chances(layout: _Layout) -> list[float]:
    count = len(layout.effect)
    if count == 1:
        return [1.0]
    random = np.random.default_rng(0)
    values, vectors = np.linalg.eigh(layout.covariance * layout.noise)
    root = vectors * np.sqrt(np.clip(values, 0, None))
    spread = np.sqrt(layout.freedom / random.chisquare(layout.freedom, size=(DRAWS, 1)))
    draws = layout.effect + (random.standard_normal((DRAWS, count)) @ root.T) * spread
    best = draws >= draws.max(axis=1, keepdims=True) - TINY
    return [float(chance) for chance in (best / best.sum(axis=1, keepdims=True)).mean(axis=0)]
