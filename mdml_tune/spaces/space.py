"""What a study searches: drawn define-by-run, turned into trials, reported under plain paths."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from mdml_tune.config.schema import Problem, refuse
from mdml_tune.records import Value
from mdml_tune.spaces.corners import corners
from mdml_tune.spaces.given import Asked, fixed, surely_asked
from mdml_tune.spaces.grid import combinations, grid
from mdml_tune.spaces.tree import Fixed, Fork, Group, Node, Open, Parameter, Row, children, plant
from mdml_tune.spaces.tree import forks as forks_of
from mdml_tune.spaces.tree import parameters as parameters_of
from mdml_tune.spaces.values import count

Assignment = dict[str, Value]
"""Name of a parameter -> its value; the label of an option, where sections are chosen."""


@dataclass(frozen=True)
class Space:
    root: Node

    @classmethod
    def of(
        cls,
        trial: Mapping[str, object],
        methods: Mapping[str, Mapping[str, object]] | None = None,
    ) -> "Space":
        """The space of a study file's ``trial`` and ``methods``.

        Raises:
            ConfigError: A domain is malformed.
        """
        root, problems = plant(trial, methods)
        if problems:
            raise refuse("the search space", problems)
        return cls(root)

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """In the order in which they are asked for, each once."""
        return tuple({p.name: p for p in parameters_of(self.root)}.values())

    @cached_property
    def forks(self) -> tuple[Parameter, ...]:
        """Choices between sections (and methods), each once."""
        return tuple({p.name: p for p in forks_of(self.root)}.values())

    def draw(self, suggest: Callable[[Parameter], Value]) -> Assignment:
        """Ask ``suggest`` for each parameter that earlier answers leave active."""
        return {parameter.name: value for parameter, value in _active(self.root, suggest)}

    def surely_asked(self, given: Mapping[str, Value]) -> tuple[Asked, ...]:
        """What is asked for in every trial that has the given values (dotted path -> value)."""
        return tuple(surely_asked(self.root, given).values())

    def assignment_of(self, given: Mapping[str, Value]) -> Assignment:
        """The parameters, by name, that values under dotted paths fix; ``draw`` finds the others.

        The values must be in order, as those of ``search.start_with`` are. What is not asked for
        in every such trial is left out.
        """
        return fixed(self.root, given)

    def resolve(self, assignment: Mapping[str, Value]) -> dict[str, object]:
        """The trial, as plain values for ``load_trial``, without any domain."""
        resolved = _resolved(self.root, assignment)
        assert isinstance(resolved, dict)  # noqa: S101 (a trial is a section)
        return resolved

    def reported(self, assignment: Mapping[str, Value]) -> dict[str, Value]:
        """What was chosen, under dotted paths; nothing for what is inactive.

        Where an option of a choice is itself a domain, its value stands for the choice.
        """
        active = _active(self.root, lambda parameter: assignment[parameter.name])
        return {parameter.path: value for parameter, value in active}

    def method(self, assignment: Mapping[str, Value]) -> str | None:
        """The method's name; none where the study has none."""
        name = assignment.get("method")
        return None if name is None else str(name)

    def corners(self) -> Iterator[Assignment]:
        """Any two parameters at their extremes, the others at their first value, in every branch."""
        return corners(self.root)

    @property
    def without_grid(self) -> tuple[Parameter, ...]:
        """Parameters whose values cannot be enumerated."""
        return tuple(p for p in self.parameters if count(p.domain) is None)

    def grid_size(self) -> int:
        """The number of combinations, without making them.

        Raises:
            ConfigError: A float domain has no step.
        """
        self._require_grid()
        return combinations(self.root)

    def grid(self) -> Iterator[Assignment]:
        """Every combination of values; the last parameter varies fastest.

        Raises:
            ConfigError: A float domain has no step.
        """
        self._require_grid()
        return grid(self.root)

    def _require_grid(self) -> None:
        if self.without_grid:
            raise refuse("the grid", grid_problems(self))


def grid_problems(space: Space) -> list[Problem]:
    """What keeps a space from being a grid."""
    return [
        Problem(
            parameter.written,
            "a grid needs a countable number of values, and this range has no step; "
            "give {uniform: [low, high, step]}, a choice, or another sampler",
        )
        for parameter in space.without_grid
    ]


def _active(node: Node, choose: Callable[[Parameter], Value]) -> Iterator[tuple[Parameter, Value]]:
    match node:
        case Fixed():
            return
        case Open(parameter):
            yield parameter, choose(parameter)
        case Fork(parameter, branches):
            label = choose(parameter)
            yield parameter, label
            yield from _active(branches[label], choose)
        case Group() | Row():
            for child in children(node):
                yield from _active(child, choose)


def _resolved(node: Node, assignment: Mapping[str, Value]) -> object:
    match node:
        case Fixed(value):
            return value
        case Open(parameter):
            return assignment[parameter.name]
        case Fork(parameter, branches):
            return _resolved(branches[assignment[parameter.name]], assignment)
        case Group(items):
            return {key: _resolved(child, assignment) for key, child in items.items()}
        case Row(items):
            return [_resolved(child, assignment) for child in items]
