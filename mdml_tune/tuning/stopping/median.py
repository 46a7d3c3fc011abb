"""The median rule: who never was as good as others were on average ends."""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field

from mdml_tune.tuning.stopping.rule import Member, Point


@dataclass(slots=True)
class _Course:
    """What one member has shown so far, per objective."""

    epoch: int = 0
    reports: int = 0
    total: list[float] = field(default_factory=list[float])
    best: list[float] = field(default_factory=list[float])

    def add(self, epoch: int, values: Point) -> None:
        self.epoch = epoch
        self.reports += 1
        self.total = [a + b for a, b in zip(self.total or [0.0] * len(values), values, strict=True)]
        self.best = [max(a, b) for a, b in zip(self.best or values, values, strict=True)]


class Median:
    """Golovin et al. 2017 (Google Vizier), section 3.2.2.

    A member ends if its best value is below the median of the running means, up to the same epoch,
    of the others that have come as far; with several objectives, if it is so in every one of them.
    The paper counts trials that have completed; here those count too that were stopped or still
    run, else nothing could be judged before the first has ended.
    """

    def __init__(self, grace: int, min_trials: int, epochs: int) -> None:
        self._grace = grace
        self._min_trials = min_trials
        self._epochs = epochs
        self._courses: dict[str, _Course] = {}
        self._means: dict[int, list[list[float]]] = {}
        """Epoch -> per objective, running means up to it, ascending."""

    def judge(self, member: Member, epoch: int, values: Point) -> bool:
        course = self._courses.setdefault(member.key, _Course())
        if epoch <= course.epoch or epoch >= self._epochs:
            return False
        course.add(epoch, values)
        others = self._means.setdefault(epoch, [[] for _ in values])
        behind = (
            epoch >= self._grace
            and len(others[0]) >= self._min_trials
            and all(b < _median(o) for b, o in zip(course.best, others, strict=True))
        )
        for total, means in zip(course.total, others, strict=True):
            insort(means, total / course.reports)
        return behind


def _median(ascending: Sequence[float]) -> float:
    middle = len(ascending) // 2
    if len(ascending) % 2:
        return ascending[middle]
    return (ascending[middle - 1] + ascending[middle]) / 2
