"""How surprising a difference would be among equals: p values by simulation of the whole procedure.

The null distribution is not looked up but drawn: tables of the same layout, all configurations equal,
no effect of seeds, put through the same choice of a model and the same search for a leader. What is
exact there is conservative where seeds matter (tests simulate both).

Shape suffixes as in ``layout``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mdml_tune.analysis.noise.layout import TINY, Fit, Floats, Layout, layout_of

DRAWS = 10_000

OfSeeds = Mapping[int, float]
"""Seed -> score of one configuration."""

_DIGITS = 9
"""Behind the point, in percentage points: networks that agree this far are one network."""


@dataclass(frozen=True, slots=True)
class Table:
    """Scores of configurations over seeds, beside what chance would have made of equals."""

    fit: Fit
    """Of the one observed table, by the model that is to be believed."""
    seeds_matter: bool
    equals: "Equals"
    place: tuple[int, ...]
    """Configuration -> its place in the layout. Those that agree in every seed are the same
    networks under two names, and say nothing more about noise: they share a place."""

    def gain(self, one: int, other: int) -> float:
        """Effect of one configuration minus that of another."""
        effects_C = self.fit.effects_NC[0]
        return float(effects_C[self.place[one]] - effects_C[self.place[other]])

    def effect(self, one: int) -> float:
        """Of a configuration, up to a common constant; nothing finer than ``_DIGITS``."""
        return round(float(self.fit.effects_NC[0, self.place[one]]), _DIGITS)

    def error(self, one: int, other: int) -> float:
        """Standard error of that gain."""
        a, b = self.place[one], self.place[other]
        of_CC = self.fit.model.covariance_CC
        unit = of_CC[a, a] + of_CC[b, b] - 2 * of_CC[a, b]
        return float(np.sqrt(max(unit, 0.0) * self.fit.variance_N[0]))

    def p_ahead(self, leader: int, others: Sequence[int]) -> dict[int, float]:
        """For each of ``others`` the p of the leader being no better, corrected for all of them.

        The leader is the best of them by looking. So its lead over the last of r is measured against
        the range of r equals (Tukey's studentised range), then over the last but one against that of
        r - 1, and so on (the steps of Newman and Keuls, for the claims of one leader alone): the
        chance of any claim over an equal stays below the level at which p is read. Holm's
        correction for r - 1 comparisons would hold for a leader that was named beforehand.
        """
        behind = sorted(others, key=lambda other: -self._distance(leader, other))
        corrected: dict[int, float] = {}
        least = 0.0
        for index, other in enumerate(behind):
            left = {self.place[each] for each in (leader, *behind[index:])}
            least = max(least, self._p(self._distance(leader, other), left))
            corrected[other] = least
        return corrected

    def p_different(self, one: int, other: int) -> float:
        """Two-sided p of two configurations that were named beforehand."""
        distance = abs(self._distance(one, other))
        return self._p(distance, {self.place[one], self.place[other]})

    def _distance(self, one: int, other: int) -> float:
        """The gain in standard errors; exact agreement and exact repetition are no accident."""
        gain, error = self.gain(one, other), self.error(one, other)
        if abs(gain) < TINY:
            return 0.0
        return gain / error if error > TINY else float(np.copysign(np.inf, gain))

    def _p(self, distance: float, among: set[int]) -> float:
        if distance <= 0:
            return 1.0
        if np.isinf(distance):
            return 0.0
        return self.equals.ranges(tuple(sorted(among))).p(distance, seeds_matter=self.seeds_matter)


@dataclass(frozen=True, slots=True)
class Ranges:
    """How far the best of some equals is ahead of the last of them, over all draws."""

    plain_N: Floats
    """In standard errors by the plain model; sorted, as the others are."""
    seeded_N: Floats | None
    chance_N: Floats
    """How far out each draw lies by the model that is chosen for it: the share of draws of that model
    which are further out. Not evenly spread, because the choice looks at the same data."""

    def p(self, distance: float, *, seeds_matter: bool) -> float:
        drawn_N = self.seeded_N if seeds_matter and self.seeded_N is not None else self.plain_N
        chance = _beyond(drawn_N, np.array([distance]))[0]
        rarer = int(np.searchsorted(self.chance_N, chance, side="right"))
        return (rarer + 1) / (len(self.chance_N) + 1)  # of so many draws, none shows a p of 0


class Equals:
    """Tables of equals in one layout, with both models fitted to them."""

    def __init__(self, layout: Layout) -> None:
        tables_NO = np.random.default_rng(0).standard_normal((DRAWS, layout.observations))
        self._plain, self._seeded, self._matter_N = layout.fits(tables_NO)
        self._ranges: dict[tuple[int, ...], Ranges] = {}

    def ranges(self, among: tuple[int, ...]) -> Ranges:
        if among not in self._ranges:
            self._ranges[among] = self._drawn(among)
        return self._ranges[among]

    def _drawn(self, among: tuple[int, ...]) -> Ranges:
        plain_N = _range(self._plain, among)
        sorted_N = np.sort(plain_N)
        chance_N = _beyond(sorted_N, plain_N)
        if self._seeded is None:
            return Ranges(sorted_N, None, np.sort(chance_N))
        seeded_N = _range(self._seeded, among)
        sorted_seeded_N = np.sort(seeded_N)
        chance_N = np.where(self._matter_N, _beyond(sorted_seeded_N, seeded_N), chance_N)
        return Ranges(sorted_N, sorted_seeded_N, np.sort(chance_N))


def table_of(configurations: Sequence[OfSeeds]) -> Table | None:
    """None where there is no trace of noise: no configuration has a second seed."""
    distinct: dict[tuple[tuple[int, float], ...], int] = {}
    place = tuple(distinct.setdefault(_rounded(of), len(distinct)) for of in configurations)
    first = [configurations[place.index(index)] for index in range(len(distinct))]
    seeds = tuple(tuple(sorted(of)) for of in first)
    layout, equals = _layout_with_equals(seeds)
    if layout is None or equals is None:
        return None
    observed = [[of[seed] for of, own in zip(first, seeds, strict=True) for seed in own]]
    plain, seeded, matter_N = layout.fits(np.array(observed))
    if seeded is not None and matter_N[0]:
        return Table(seeded, seeds_matter=True, equals=equals, place=place)
    return Table(plain, seeds_matter=False, equals=equals, place=place)


@lru_cache(maxsize=16)
def _layout_with_equals(
    seeds: tuple[tuple[int, ...], ...],
) -> tuple[Layout | None, Equals | None]:
    layout = layout_of(seeds)
    return layout, None if layout is None else Equals(layout)


def _rounded(of_seeds: OfSeeds) -> tuple[tuple[int, float], ...]:
    return tuple((seed, round(score, _DIGITS)) for seed, score in sorted(of_seeds.items()))


def _beyond(sorted_N: Floats, distances_N: Floats) -> Floats:
    """Share of ``sorted_N`` that is at least as far out."""
    return 1 - np.searchsorted(sorted_N, distances_N, side="left") / len(sorted_N)


def _range(fit: Fit, among: Sequence[int]) -> Floats:
    """By how many standard errors the best of ``among`` leads over the last, in each table."""
    effects_NC = fit.effects_NC[:, list(among)]
    best_N = effects_NC.argmax(axis=1)
    covariance_CC = fit.model.covariance_CC[np.ix_(list(among), list(among))]
    own_C = np.diag(covariance_CC)
    unit_CC = np.sqrt(np.maximum(own_C[:, None] + own_C[None, :] - 2 * covariance_CC, TINY**2))
    lead_NC: NDArray[np.float64] = (
        np.take_along_axis(effects_NC, best_N[:, None], axis=1) - effects_NC
    )
    return np.asarray((lead_NC / unit_CC[best_N]).max(axis=1) / np.sqrt(fit.variance_N))
