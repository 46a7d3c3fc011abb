"""Values that are given under dotted paths, found in the tree of a space."""

from collections.abc import Mapping
from typing import NamedTuple

from mdml_tune.records import Value
from mdml_tune.spaces.domains import Choice
from mdml_tune.spaces.tree import Fixed, Fork, Group, Node, Open, Parameter, Row, children
from mdml_tune.spaces.values import as_held, contains


class Asked(NamedTuple):
    parameter: Parameter
    of_sections: bool = False
    """Whether it chooses between sections, which are given by their labels."""

    def admits(self, value: Value) -> bool:
        if self.of_sections:
            return self._label(value) is not None
        return contains(self.parameter.domain, value)

    def held(self, value: Value) -> Value:
        """The parameter's own word for a value that it admits."""
        return self._label(value) if self.of_sections else as_held(self.parameter.domain, value)

    def _label(self, value: Value) -> Value:
        """The label that is meant, as ``--set`` reads it: null is ``none``, an index a number."""
        named, domain = "none" if value is None else str(value), self.parameter.domain
        options = domain.options if isinstance(domain, Choice) else ()
        return next((label for label in options if str(label) == named), None)


def surely_asked(node: Node, given: Mapping[str, Value]) -> dict[str, Asked]:
    """By name, what every assignment with the given values holds.

    Where a choice is not given, what each of its options asks for.
    """
    match node:
        case Fixed():
            return {}
        case Open(parameter):
            return {parameter.name: Asked(parameter)}
        case Fork(parameter, branches):
            choice = Asked(parameter, of_sections=True)
            return {parameter.name: choice} | _below(choice, branches, given)
        case Group() | Row():
            found: dict[str, Asked] = {}
            for child in children(node):
                found |= surely_asked(child, given)
            return found


def fixed(node: Node, given: Mapping[str, Value]) -> dict[str, Value]:
    """Name -> value of what is given; the values must be admitted."""
    return {
        name: asked.held(given[asked.parameter.path])
        for name, asked in surely_asked(node, given).items()
        if asked.parameter.path in given
    }


def _below(
    choice: Asked, branches: Mapping[Value, Node], given: Mapping[str, Value]
) -> dict[str, Asked]:
    path = choice.parameter.path
    if path in given and choice.admits(given[path]):
        return surely_asked(branches[choice.held(given[path])], given)
    first, *others = (surely_asked(branch, given) for branch in branches.values())
    return {name: one for name, one in first.items() if all(name in other for other in others)}
