"""Asynchronous successive halving, as stopping: who falls behind at a rung ends there."""

from bisect import bisect_right

from mdml_tune.tuning.stopping.rule import Member, Point
from mdml_tune.tuning.stopping.rungs import Rung, rung_epochs


class Asha:
    """Of the trials that reach a rung, the best in ``reduction`` go on (Li et al. 2020).

    arXiv:1810.05934. In its paper a trial pauses at a rung until enough others have come; here, as
    in Ray, it goes on unless it is behind those that came before it, so no trial ever waits.
    """

    def __init__(self, grace: int, reduction: int, epochs: int) -> None:
        self._epochs = epochs
        self._at = rung_epochs(grace, reduction, epochs)
        self._rungs = [Rung(reduction) for _ in self._at]

    def judge(self, member: Member, epoch: int, values: Point) -> bool:
        reached = bisect_right(self._at, epoch)
        if reached == 0 or epoch >= self._epochs:
            return False
        rung = self._rungs[reached - 1]
        return member.key not in rung.keys and rung.enter(member.key, values)
