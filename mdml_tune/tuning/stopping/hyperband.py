"""HyperBand, asynchronously: several successive halvings that begin to judge at different epochs."""

from bisect import bisect_right
from itertools import accumulate
from math import sqrt

import numpy as np

from mdml_tune.tuning.stopping.asha import Asha
from mdml_tune.tuning.stopping.rule import Member, Point
from mdml_tune.tuning.stopping.rungs import rung_epochs

GOLDEN = (sqrt(5) - 1) / 2


class Hyperband:
    """Brackets hedge against values that mislead early on (Li et al. 2018, arXiv:1603.06560).

    Each configuration belongs to one bracket, and is compared within it alone.
    """

    def __init__(self, grace: int, reduction: int, epochs: int, seed: int) -> None:
        begins = rung_epochs(grace, reduction, epochs)
        self._brackets = [Asha(begin, reduction, epochs) for begin in begins]
        self._ends = list(accumulate(bracket_shares(len(begins), reduction)))
        self._start = float(np.random.default_rng(seed).random())

    def judge(self, member: Member, epoch: int, values: Point) -> bool:
        if not self._brackets:
            return False
        return self._brackets[self.bracket(member.number)].judge(member, epoch, values)

    def bracket(self, number: int) -> int:
        """Of a configuration; 0 is the bracket that judges first.

        Multiples of the golden ratio spread evenly, so a short search has its brackets in the same
        proportions as a long one.
        """
        place = (self._start + number * GOLDEN) % 1.0
        return min(bisect_right(self._ends, place), len(self._ends) - 1)


def bracket_shares(brackets: int, reduction: int) -> list[float]:
    """Share of all configurations in each bracket.

    A bracket with h halvings begins with reduction^h / (h + 1) configurations, up to a common
    factor (Li et al. 2018, algorithm 1, line 2), so that all cost about the same. Their bracket
    without any halving is left out.
    """
    sizes = [reduction**h / (h + 1) for h in range(brackets, 0, -1)]
    return [size / sum(sizes) for size in sizes]
