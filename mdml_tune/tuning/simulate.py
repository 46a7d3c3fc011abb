"""A search without training: what a rule makes of given learning curves, in milliseconds.

All epochs take the same time, so the trials at work report in turn.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from mdml_tune.spaces.plan import Stopping
from mdml_tune.tuning.curves import NOISE, drawn_curves
from mdml_tune.tuning.stopping.build import build_rule
from mdml_tune.tuning.stopping.population import Population
from mdml_tune.tuning.stopping.rule import Member, Point, Rule

Curve = Callable[[int, int], Point]
"""Number of a trial, epochs completed -> values of the objectives."""

Copied = Callable[[int, int, int], None]
"""Told of a copy before it starts: its number, its donor's, the epoch from which it goes on."""


@dataclass(frozen=True, slots=True)
class Simulated:
    epochs: tuple[int, ...]
    """Trained by each trial, by number; what a copy took over is not trained again."""
    stopped: tuple[int, ...]
    """Numbers of the trials that the rule ended, in order."""
    order: tuple[tuple[int, int], ...]
    """Number and epoch of every report, in order."""

    @property
    def total(self) -> int:
        return sum(self.epochs)


def simulate(
    trials: int,
    epochs: int,
    concurrency: int,
    rule: Rule,
    curve: Curve,
    *,
    copied: Copied = lambda _child, _donor, _epoch: None,
) -> Simulated:
    """Run a search of ``trials`` trials of ``epochs`` epochs, ``concurrency`` at once.

    In population based training the copies count as trials; there may be fewer of them than asked
    for, as in a real search.
    """
    search = _Search(trials, rule, copied)
    at_work: list[_Run] = []
    while True:
        while len(at_work) < concurrency and search.waiting:
            at_work.append(search.waiting.popleft())
        if not at_work:
            return search.seen()
        for run in at_work:
            run.epoch += 1
            search.report(run, curve(run.member.number, run.epoch))
        at_work = [run for run in at_work if not run.stopped and run.epoch < epochs]


def expected_epochs(
    config: Stopping | None,
    trials: int,
    epochs: int,
    concurrency: int,
    seed: int,
    draws: int = 200,
) -> tuple[float, float, float]:
    """Mean of the epochs that all trials train together, and the bounds of 95 % of the draws.

    Args:
        config: The early-stopping rule; none where all trials run to their end.
        trials: Of the search; copies count.
        epochs: Of a whole trial.
        concurrency: Trials at once.
        seed: Of the search.
        draws: Simulated searches.
    """
    if config is None:
        whole = float(trials * epochs)
        return whole, whole, whole
    rng = np.random.default_rng(seed)
    totals = [_total(config, trials, epochs, concurrency, rng) for _ in range(draws)]
    low, high = np.quantile(totals, [0.025, 0.975])
    return float(np.mean(totals)), float(low), float(high)


def _total(
    config: Stopping, trials: int, epochs: int, concurrency: int, rng: np.random.Generator
) -> int:
    rows = drawn_curves(trials, epochs, rng).tolist()
    jitter = rng.normal(0.0, NOISE, trials).tolist()

    def curve(number: int, epoch: int) -> Point:
        return (rows[number][epoch - 1],)

    def copied(child: int, donor: int, _: int) -> None:
        """What is moved in a copy makes it a little better or worse than its donor."""
        rows[child] = [value + jitter[child] for value in rows[donor]]

    rule = build_rule(config, epochs, int(rng.integers(2**32)))
    return simulate(trials, epochs, concurrency, rule, curve, copied=copied).total


@dataclass(slots=True)
class _Run:
    member: Member
    epoch: int
    stopped: bool = False


@dataclass(slots=True)
class _Search:
    trials: int
    rule: Rule
    copied: Copied
    runs: list[_Run] = field(default_factory=list[_Run])
    """By number."""
    waiting: deque[_Run] = field(default_factory=deque[_Run])
    order: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    stopped: list[int] = field(default_factory=list[int])

    def __post_init__(self) -> None:
        anew = self.rule.size if isinstance(self.rule, Population) else self.trials
        for _ in range(min(anew, self.trials)):
            self._open(since=0)

    def report(self, run: _Run, values: Point) -> None:
        self.order.append((run.member.number, run.epoch))
        if not self.rule.judge(run.member, run.epoch, values):
            return
        run.stopped = True
        self.stopped.append(run.member.number)
        if isinstance(self.rule, Population) and len(self.runs) < self.trials:
            boundary = self.rule.judged_at(run.member.key, run.epoch)
            donor = None if boundary is None else self.rule.donor(run.member.key, boundary)
            if boundary is not None and donor is not None:
                self.copied(len(self.runs), int(donor), boundary)
                self._open(since=boundary)

    def seen(self) -> Simulated:
        trained = tuple(run.epoch - run.member.since for run in self.runs)
        return Simulated(trained, tuple(self.stopped), tuple(self.order))

    def _open(self, since: int) -> None:
        number = len(self.runs)
        run = _Run(Member(str(number), number, since), since)
        self.runs.append(run)
        self.waiting.append(run)
