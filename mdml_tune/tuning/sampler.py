"""What to try next: a function of the study's own records, of the seed and of the trial's number."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never, cast

import numpy as np

from mdml_tune.records import Value
from mdml_tune.spaces.domains import Choice
from mdml_tune.spaces.plan import (
    CmaEsSampler,
    GpSampler,
    GridSampler,
    Nsga2Sampler,
    RandomSampler,
    SamplerConfig,
    SobolSampler,
    TpeSampler,
)
from mdml_tune.spaces.space import Space
from mdml_tune.tuning.sampling.cma_es import CmaEs
from mdml_tune.tuning.sampling.outcomes import Outcome, outcomes
from mdml_tune.tuning.sampling.plain import Draws, Fixed, SobolPoints, assigned
from mdml_tune.tuning.sampling.through_optuna import OptunaStudy
from mdml_tune.tuning.tried import Earlier, Proposal, Tried

Learning = TpeSampler | GpSampler | CmaEsSampler | Nsga2Sampler
Drawing = RandomSampler | SobolSampler | Learning

REDRAWS = 200
"""Drawings in a row that may not be fit before the space counts as exhausted."""

CONSIDERED = 5
"""How many of them a sampler that learns makes itself. It may insist on what is known already or
not allowed; the others are drawn at random, which is quick and reaches every corner."""


EXPLORES_EVERY = 4
"""Configurations between two whose options of choices between sections are drawn by chance."""


@dataclass(frozen=True, slots=True)
class Sampler:
    space: Space
    config: SamplerConfig
    objectives: tuple[str, ...]
    """Names of the maximised metrics in a report: ``val/delta_m``."""
    seed: int
    start_with: tuple[Mapping[str, Value], ...] = ()
    """What the first configurations are given: dotted path -> value."""
    earlier: tuple[Earlier, ...] = ()
    """What is known from earlier studies."""

    def proposals(self, number: int, tried: Sequence[Tried]) -> Iterator[Proposal]:
        """What to try as configuration ``number``, to be taken in order until one is fit.

        The first holds what ``start_with`` gives for this number; what that leaves out is drawn
        like all that follows.
        """
        given = self.start_with[number] if number < len(self.start_with) else {}
        if isinstance(self.config, GridSampler):
            if given:
                yield Proposal(assigned(self.space, lambda _: 0.0, self._names(given)))
            yield from (Proposal(assignment) for assignment in self.space.grid())
            return
        model, chance = np.random.SeedSequence([self.seed, number]).generate_state(2)
        draw = self._drawer(self.config, number, int(model), tried)
        considered = CONSIDERED if isinstance(self.config, Learning) else REDRAWS
        if given:
            yield draw(self._names(given))
        elif branches := self._branches(number):
            yield draw(branches)
        yield from (draw({}) for _ in range(considered))
        at_random = Draws(self.space, int(chance))
        yield from (at_random({}) for _ in range(REDRAWS - considered))

    def _branches(self, number: int) -> Fixed:
        """Now and then, options of the choices between sections by chance, for a sampler that learns.

        The rest is drawn as well as it can be by then. An option whose settings were bad when it was
        tried first would otherwise never be tried again.
        """
        learns = isinstance(self.config, TpeSampler | GpSampler)
        if not learns or number % EXPLORES_EVERY:
            return {}
        chance = np.random.default_rng([self.seed, number, len(self.space.forks)])
        options = {p.name: cast("Choice", p.domain).options for p in self.space.forks}
        return {name: of[int(chance.integers(len(of)))] for name, of in options.items()}

    def _drawer(
        self, config: Drawing, number: int, seed: int, tried: Sequence[Tried]
    ) -> Callable[[Fixed], Proposal]:
        match config:
            case RandomSampler():
                return Draws(self.space, seed)
            case SobolSampler():
                return SobolPoints(self.space, self.seed, number, tried)
            case CmaEsSampler(startup_trials=startup):
                return CmaEs(self.space, seed, self._known(tried), startup)
            case TpeSampler() | GpSampler() | Nsga2Sampler():
                return OptunaStudy(
                    self.space, config, seed, self._known(tried), len(self.objectives)
                )
            case _:
                assert_never(config)

    def _known(self, tried: Sequence[Tried]) -> list[Outcome]:
        return outcomes(tried, self.earlier, self.objectives)

    def _names(self, given: Mapping[str, Value]) -> Mapping[str, Value]:
        return self.space.assignment_of(given)
