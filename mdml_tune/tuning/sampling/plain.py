"""Samplers that learn nothing: independent draws, and the points of a Sobol sequence."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast

import numpy as np
from scipy.stats import qmc

from mdml_tune.records import Value
from mdml_tune.spaces.space import Assignment, Space
from mdml_tune.spaces.tree import Parameter
from mdml_tune.tuning.sampling.shares import value_at
from mdml_tune.tuning.tried import Proposal, Tried

Fixed = Mapping[str, Value]
"""Names of parameters -> values that are given and not drawn."""

POINT = "sobol_point"
"""In the memory of a proposal: which point of the sequence it is."""


def assigned(space: Space, share: Callable[[Parameter], float], fixed: Fixed) -> Assignment:
    """Every active parameter at its share of its domain, or as fixed."""

    def choose(parameter: Parameter) -> Value:
        if parameter.name in fixed:
            return fixed[parameter.name]
        return value_at(parameter.domain, share(parameter))

    return space.draw(choose)


class Draws:
    """Independent draws, each parameter from the whole of its domain."""

    def __init__(self, space: Space, seed: int) -> None:
        self._space = space
        self._generator = np.random.default_rng(seed)

    def __call__(self, fixed: Fixed) -> Proposal:
        return Proposal(assigned(self._space, lambda _: self._generator.random(), fixed))


class SobolPoints:
    """The points of a scrambled Sobol sequence (Owen 1998), from that of a trial's number on.

    Each parameter of the space is one coordinate, whether it is asked for or not, so that the
    points are spread evenly in every branch of a choice.
    """

    def __init__(self, space: Space, seed: int, number: int, tried: Sequence[Tried]) -> None:
        self._space = space
        self._coordinate = {p.name: index for index, p in enumerate(space.parameters)}
        taken = [cast("int", one.memory[POINT]) for one in tried if POINT in one.memory]
        self._index = max([number, *(index + 1 for index in taken)])
        self._points = self._following(seed)

    def __call__(self, fixed: Fixed) -> Proposal:
        index, point = next(self._points)
        assignment = assigned(self._space, lambda p: point[self._coordinate[p.name]], fixed)
        return Proposal(assignment, {POINT: index})

    def _following(self, seed: int) -> Iterator[tuple[int, list[float]]]:
        sequence = qmc.Sobol(max(1, len(self._coordinate)), scramble=True, rng=seed)
        if self._index > 0:  # SciPy cannot forward by nothing
            sequence.fast_forward(self._index)
        while True:  # one at a time: of several, SciPy wants a power of two
            yield self._index, [float(share) for share in sequence.random(1)[0]]
            self._index += 1
