"""CMA-ES (Hansen 2016, arXiv:1604.00772) whose state is worked out anew from the study's records.

Optuna's sampler of this name keeps its optimizer as a pickle beside the trials, and falls back to
random draws for good once a branch of the space appears that it has not seen.
"""

from collections.abc import Sequence
from typing import cast

import cmaes
import numpy as np

from mdml_tune.spaces.domains import Choice
from mdml_tune.spaces.space import Space
from mdml_tune.spaces.tree import Parameter
from mdml_tune.spaces.values import count
from mdml_tune.tuning.sampling.outcomes import End, Outcome
from mdml_tune.tuning.sampling.plain import Fixed, assigned
from mdml_tune.tuning.sampling.shares import share_of
from mdml_tune.tuning.tried import Proposal

GENERATION = "cma_generation"
POINT = "cma_point"
"""In the memory of a proposal: its generation, and its place in the unit cube, with a coordinate
for each range of the space. A coordinate that is not asked for is drawn and has no effect."""

START, STEP = 0.5, 1 / 6
"""Mean and standard deviation of the first generation, in shares of every range."""

BEST = 0.1
"""Share of the earlier study's trials, at least one, that place the first generation."""


class CmaEs:
    """Draws for one question.

    A generation consists of the first of its trials to end, as many as a population has; their
    order alone counts. What is no range is drawn at random. Trials of earlier studies place the
    first generation (Nomura et al. 2021, "Warm starting CMA-ES for hyperparameter optimization").
    """

    def __init__(
        self, space: Space, seed: int, known: Sequence[Outcome], startup_trials: int
    ) -> None:
        self._space = space
        self._generator = np.random.default_rng(seed)
        self._ranges = tuple(p for p in space.parameters if _is_range(p))
        judged = [outcome for outcome in known if outcome.judged]
        self._optimizer: cmaes.CMA | None = None
        if self._ranges and len(judged) >= startup_trials:
            self._optimizer = self._replayed(judged, seed)

    def __call__(self, fixed: Fixed) -> Proposal:
        if self._optimizer is None:
            return Proposal(assigned(self._space, lambda _: self._generator.random(), fixed))
        point = [float(share) for share in self._optimizer.ask()]
        drawn = dict(zip((p.name for p in self._ranges), point, strict=True))
        assignment = assigned(
            self._space,
            lambda p: drawn[p.name] if p.name in drawn else self._generator.random(),
            fixed,
        )
        given = self._point(fixed, point)
        return Proposal(assignment, {GENERATION: self._optimizer.generation, POINT: given})

    def _replayed(self, judged: Sequence[Outcome], seed: int) -> cmaes.CMA:
        """The optimizer after every generation that is whole."""
        optimizer = self._fresh([o for o in judged if o.earlier and o.end is End.COMPLETED], seed)
        while True:
            ours = [o for o in judged if o.memory.get(GENERATION) == optimizer.generation]
            ours = sorted(ours, key=lambda o: o.ended_ms)[: optimizer.population_size]
            if len(ours) < optimizer.population_size:
                return optimizer
            points = [np.array(cast("list[float]", o.memory[POINT])) for o in _best_first(ours)]
            optimizer.tell([(point, float(rank)) for rank, point in enumerate(points)])

    def _fresh(self, earlier: Sequence[Outcome], seed: int) -> cmaes.CMA:
        size = len(self._ranges)
        mean, step, covariance = np.full(size, START), STEP, None
        if earlier:
            middle = [START] * size
            places = [np.array(self._point(outcome.assignment, middle)) for outcome in earlier]
            losses = [-outcome.values[0] for outcome in earlier]
            mean, step, covariance = cmaes.get_warm_start_mgd(
                list(zip(places, losses, strict=True)),
                gamma=max(BEST, 1 / len(earlier)),
            )
        return cmaes.CMA(
            mean=mean,
            sigma=step,
            cov=covariance,
            bounds=np.tile([0.0, 1.0], (size, 1)),
            seed=seed,
        )

    def _point(self, given: Fixed, otherwise: Sequence[float]) -> list[float]:
        """A place in the unit cube: of each range the share of its value, if it has one."""
        return [
            share_of(p.domain, given[p.name]) if p.name in given else share
            for p, share in zip(self._ranges, otherwise, strict=True)
        ]


def _best_first(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Completed ones by value, then early-stopped ones, the latest first; diverged ones last."""
    return sorted(outcomes, key=_rank)


def _rank(outcome: Outcome) -> tuple[int, int, float]:
    if outcome.end is End.COMPLETED:
        return 0, 0, -outcome.values[0]
    if outcome.end is End.STOPPED and outcome.curve:
        last = max(outcome.curve)
        return 1, -last, -outcome.curve[last]
    return 2, 0, 0.0


def _is_range(parameter: Parameter) -> bool:
    return not isinstance(parameter.domain, Choice) and count(parameter.domain) != 1
