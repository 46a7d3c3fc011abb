"""Every combination of the values of a space."""

from collections.abc import Iterator, Sequence
from math import prod

from mdml_tune.records import Value
from mdml_tune.spaces.tree import Fixed, Fork, Group, Node, Open, Row, children
from mdml_tune.spaces.values import count, points


def combinations(node: Node) -> int:
    """How many there are, without making them; every domain must be countable."""
    match node:
        case Fixed():
            return 1
        case Open(parameter):
            return count(parameter.domain) or 0
        case Fork(_, branches):
            return sum(combinations(branch) for branch in branches.values())
        case Group() | Row():
            return prod(combinations(child) for child in children(node))


def grid(node: Node) -> Iterator[dict[str, Value]]:
    """One assignment per combination, made as they are asked for."""
    match node:
        case Fixed():
            yield {}
        case Open(parameter):
            yield from ({parameter.name: value} for value in points(parameter.domain))
        case Fork(parameter, branches):
            for label, branch in branches.items():
                yield from ({parameter.name: label} | inner for inner in grid(branch))
        case Group() | Row():
            yield from _product(children(node))


def _product(nodes: Sequence[Node]) -> Iterator[dict[str, Value]]:
    if not nodes:
        yield {}
        return
    for first in grid(nodes[0]):
        yield from (first | rest for rest in _product(nodes[1:]))
