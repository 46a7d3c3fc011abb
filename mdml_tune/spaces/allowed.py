"""Which assignments of a space fulfil what a study requires, as far as that can be seen by trying."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from mdml_tune.records import Value
from mdml_tune.spaces.domains import Choice
from mdml_tune.spaces.require import Comparison
from mdml_tune.spaces.space import Assignment, Space
from mdml_tune.spaces.tree import Parameter
from mdml_tune.spaces.values import drawn

DRAWN = 2000
"""Drawings in which a requirement must be fulfilled at least once."""

ENOUGH = 200
"""Fitting drawings among which the outermost are looked for."""


def allowed_corners(space: Space, requirements: Sequence[Comparison]) -> list[Assignment]:
    """The corners at which all requirements hold and, where there are any, more inside.

    Since requirements cut corners off, the outermost of the fitting ones that are drawn stand for
    the ends that are left: the lowest and the highest of each range, one of each option.
    """
    corners = list(space.corners())
    if not requirements:
        return corners
    fitting = [corner for corner in corners if _fulfilled(space, corner, requirements)]
    inside: list[Assignment] = []
    for assignment in drawings(space):
        if len(inside) < ENOUGH and _fulfilled(space, assignment, requirements):
            inside.append(assignment)
    return [*fitting, *(one for one in _outermost(space, inside) if one not in fitting)]


def drawings(
    space: Space, number: int = DRAWN, fixed: Mapping[str, Value] | None = None
) -> Iterator[Assignment]:
    """Assignments by chance, always the same; what is fixed (by name) is not drawn."""
    chance = np.random.default_rng(0)
    known = fixed or {}

    def choose(parameter: Parameter) -> Value:
        if parameter.name in known:
            return known[parameter.name]
        return drawn(parameter.domain, chance)

    for _ in range(number):
        yield space.draw(choose)


def unfulfilled(space: Space, requirements: Sequence[Comparison]) -> list[Comparison]:
    """Those that hold neither at any corner nor in any drawing; all, where no two meet."""
    if not requirements:
        return []
    tried = [space.resolve(one) for one in (*space.corners(), *drawings(space))]
    alone = [one for one in requirements if not any(map(one.holds, tried))]
    if alone:
        return alone
    together = any(all(one.holds(values) for one in requirements) for values in tried)
    return [] if together else list(requirements)


def _fulfilled(space: Space, assignment: Assignment, requirements: Sequence[Comparison]) -> bool:
    values = space.resolve(assignment)
    return all(requirement.holds(values) for requirement in requirements)


def _outermost(space: Space, assignments: list[Assignment]) -> list[Assignment]:
    found: list[Assignment] = assignments[:1]
    for parameter in space.parameters:
        having = [one for one in assignments if parameter.name in one]
        if isinstance(parameter.domain, Choice):
            of_each: dict[Value, Assignment] = {one[parameter.name]: one for one in having}
            found += of_each.values()
        elif having:
            ordered = sorted(having, key=lambda one: float(one[parameter.name] or 0))
            found += [ordered[0], ordered[-1]]
    return [one for index, one in enumerate(found) if one not in found[:index]]
