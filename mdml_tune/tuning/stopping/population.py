"""The rule of population based training: who falls behind at a boundary ends, who leads is copied."""

from math import floor

import numpy as np

from mdml_tune.spaces.plan import PbtStopping
from mdml_tune.tuning.stopping.merit import merits
from mdml_tune.tuning.stopping.rule import Member, Point

ROUNDING = 1e-9
"""A tenth of ten is one, whatever floating point makes of such shares."""


class Population:
    """Truncation selection (Jaderberg et al. 2017, arXiv:1711.09846, section 4.1), asynchronously.

    Every ``interval_epochs`` a member is compared with all that came to that boundary before it;
    or, while they are too few, with all that came to the boundary before. Else those that are
    always the first to come would never be judged. The epochs that a copy took over from its donor
    were judged when the donor lived them.
    """

    def __init__(self, config: PbtStopping, epochs: int, seed: int) -> None:
        self.size = config.population
        self._interval = config.interval_epochs
        self._quantile = config.quantile
        self._epochs = epochs
        self._seed = seed
        self._boards: dict[int, dict[str, Point]] = {}
        """Boundary -> key of a member -> what it showed there."""

    def judge(self, member: Member, epoch: int, values: Point) -> bool:
        if not self.note(member, epoch, values):
            return False
        boundary = self.judged_at(member.key, epoch)
        return boundary is not None and self._behind(member.key, boundary)

    def judged_at(self, key: str, epoch: int) -> int | None:
        """The boundary at which ``key`` is compared when it reports ``epoch``; none for none yet."""
        for boundary in (epoch, epoch - self._interval):
            if key in self._boards.get(boundary, {}) and self._share(boundary) > 0:
                return boundary
        return None

    def note(self, member: Member, epoch: int, values: Point) -> bool:
        """Enter what a member showed; whether it is at a boundary, and for the first time."""
        if epoch % self._interval or not member.since < epoch < self._epochs:
            return False
        board = self._boards.setdefault(epoch, {})
        if member.key in board:
            return False
        board[member.key] = values
        return True

    def donor(self, key: str, epoch: int) -> str | None:
        """Key of the leading member that goes on in place of ``key``, which fell behind there.

        Drawn among those that lead now, so to be asked when the stop is judged. None where nobody
        else has been there.
        """
        others = {k: values for k, values in self._boards[epoch].items() if k != key}
        if not others:
            return None
        found = merits(list(others.values()))
        leads = sorted(found, reverse=True)[max(1, self._share(epoch)) - 1]
        leaders = sorted(k for k, merit in zip(others, found, strict=True) if merit >= leads)
        rng = np.random.default_rng([self._seed, epoch, *key.encode()])
        return leaders[int(rng.integers(len(leaders)))]

    def _behind(self, key: str, epoch: int) -> bool:
        """Whether as many are better as there are outside of the last share; equal ones are not."""
        board = self._boards[epoch]
        found = dict(zip(board, merits(list(board.values())), strict=True))
        mine = found.pop(key)
        return mine < sorted(found.values(), reverse=True)[len(found) - self._share(epoch)]

    def _share(self, epoch: int) -> int:
        """How many of those that were there fall behind, and how many lead."""
        return floor(len(self._boards[epoch]) * self._quantile + ROUNDING)
