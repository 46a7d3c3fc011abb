"""The assignments at which a space is checked before anything is paid for."""

from collections.abc import Iterator

from mdml_tune.records import Value
from mdml_tune.spaces.tree import Fixed, Fork, Group, Node, Open, Row, children
from mdml_tune.spaces.values import extremes


def corners(node: Node) -> Iterator[dict[str, Value]]:
    """Each parameter at its extremes while the others stay at their first value.

    Their number grows with the number of parameters, not with that of combinations.
    """
    match node:
        case Fixed():
            yield {}
        case Open(parameter):
            yield from ({parameter.name: value} for value in extremes(parameter.domain))
        case Fork(parameter, branches):
            for label, branch in branches.items():
                yield from ({parameter.name: label} | inner for inner in corners(branch))
        case Group() | Row():
            yield from _one_at_a_time(node)


def _one_at_a_time(node: Group | Row) -> Iterator[dict[str, Value]]:
    below = [list(corners(child)) for child in children(node)]
    first = [found[0] for found in below]
    yield _joined(first)
    for index, found in enumerate(below):
        for corner in found[1:]:
            yield _joined([*first[:index], corner, *first[index + 1 :]])


def _joined(parts: list[dict[str, Value]]) -> dict[str, Value]:
    return {name: value for part in parts for name, value in part.items()}
