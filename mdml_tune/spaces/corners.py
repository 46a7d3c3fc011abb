"""The assignments at which a space is checked before anything is paid for."""

from collections.abc import Iterator
from typing import NamedTuple

from mdml_tune.records import Value
from mdml_tune.spaces.tree import Fixed, Fork, Group, Node, Open, Row, children
from mdml_tune.spaces.values import extremes

MOVED = 2
"""Parameters that are moved at once: values that do not go together are mostly two, such as a
warm-up and a number of epochs."""


MOST = 2000
"""Corners that are looked at; those in which a single parameter is moved come first."""


class Corner(NamedTuple):
    moved: int
    """How many parameters have left their first value."""
    assignment: dict[str, Value]


def corners(node: Node) -> Iterator[dict[str, Value]]:
    """Any two parameters at their extremes while the others stay at their first value.

    In every branch of every choice. Their number grows with the square of that of the parameters,
    up to a limit.
    """
    return (corner.assignment for corner in _fewer(list(_corners(node))))


def _corners(node: Node) -> Iterator[Corner]:
    match node:
        case Fixed():
            yield Corner(0, {})
        case Open(parameter):
            for index, value in enumerate(extremes(parameter.domain)):
                yield Corner(min(index, 1), {parameter.name: value})
        case Fork(parameter, branches):
            for index, (label, branch) in enumerate(branches.items()):
                for moved, inner in _corners(branch):
                    # Another branch and what is moved in it count as one.
                    yield Corner(max(moved, min(index, 1)), {parameter.name: label} | inner)
        case Group() | Row():
            yield from _together(node)


def _together(node: Group | Row) -> list[Corner]:
    found = [Corner(0, {})]
    for child in children(node):
        below = _fewer(list(_corners(child)))
        found = [
            Corner(one.moved + other.moved, one.assignment | other.assignment)
            for one in found
            for other in below
            if one.moved + other.moved <= MOVED
        ]
        found = _fewer(found)
    return found


def _fewer(found: list[Corner]) -> list[Corner]:
    """Of too many those with the fewest moved; few stay in their order."""
    return found if len(found) <= MOST else sorted(found, key=lambda one: one.moved)[:MOST]
