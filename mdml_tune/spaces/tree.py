"""A study's trial as a tree: fixed values, domains, and sections of which one is chosen."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import cast

from mdml_tune.config.schema import Problem, suggestion
from mdml_tune.records import Value
from mdml_tune.spaces.domains import (
    WORDS,
    Choice,
    Domain,
    is_domain,
    labels,
    parse_domain,
    sections,
    unlabelled,
)
from mdml_tune.spaces.kinds import ready_for
from mdml_tune.spaces.sections import is_section


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing that the search decides."""

    name: str
    """Unique: what the sampler knows it by (``scd=features/scd.weight``)."""
    path: str
    """What people know it by (``scd.weight``); shared by the options of a choice."""
    domain: Domain
    condition: tuple[tuple[str, str], ...] = ()
    """Names of choices, and the label each must have for this to be asked. A parameter that
    several methods share has no condition on the method."""

    @property
    def written(self) -> str:
        """The path in the study file, without the options of choices."""
        name, label = self.condition[0] if self.condition else ("", "")
        return f"methods.{label}.{self.path}" if name == "method" else f"trial.{self.path}"


@dataclass(frozen=True, slots=True)
class Fixed:
    value: object


@dataclass(frozen=True, slots=True)
class Open:
    parameter: Parameter


@dataclass(frozen=True, slots=True)
class Fork:
    """A choice between sections."""

    parameter: Parameter
    branches: Mapping[Value, "Node"]


@dataclass(frozen=True, slots=True)
class Group:
    items: Mapping[str, "Node"]


@dataclass(frozen=True, slots=True)
class Row:
    items: tuple["Node", ...]


Node = Fixed | Open | Fork | Group | Row


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the study file a value stands, and under which conditions it counts."""

    root: str
    path: str = ""
    prefix: str = ""
    condition: tuple[tuple[str, str], ...] = ()

    def below(self, key: str) -> "Place":
        return replace(self, path=f"{self.path}.{key}" if self.path else key)

    def given(self, choice: Parameter, label: Value) -> "Place":
        return replace(
            self,
            prefix=f"{self.prefix}{choice.path}={label}/",
            condition=(*self.condition, (choice.name, str(label))),
        )

    def parameter(self, domain: Domain) -> Parameter:
        return Parameter(f"{self.prefix}{self.path}", self.path, domain, self.condition)

    @property
    def written(self) -> str:
        """The path in the study file."""
        return f"{self.root}.{self.path}" if self.path else self.root


def plant(
    trial: Mapping[str, object], methods: Mapping[str, Mapping[str, object]] | None
) -> tuple[Node, list[Problem]]:
    """The tree of a trial and the methods that override it, and what is wrong with its domains.

    Where a domain is wrong, its mapping stands in the tree as it was given.
    """
    problems: list[Problem] = []
    base = Place("trial")
    if not methods:
        return _grow(dict(trial), base, problems), problems
    choice = Parameter("method", "method", Choice(tuple(methods)))
    branches: dict[Value, Node] = {
        name: _graft(dict(trial), base, dict(over), _method(choice, name), problems)
        for name, over in methods.items()
    }
    return Fork(choice, branches), list(dict.fromkeys(problems))


def parameters(node: Node) -> Iterator[Parameter]:
    """Everything that is open in any branch, each choice before what depends on it."""
    match node:
        case Fixed():
            return
        case Open(parameter):
            yield parameter
        case Fork(parameter, branches):
            yield parameter
            for branch in branches.values():
                yield from parameters(branch)
        case Group() | Row():
            for child in children(node):
                yield from parameters(child)


def forks(node: Node) -> Iterator[Parameter]:
    """Every choice between sections, in any branch."""
    match node:
        case Fixed() | Open():
            return
        case Fork(parameter, branches):
            yield parameter
            for branch in branches.values():
                yield from forks(branch)
        case Group() | Row():
            for child in children(node):
                yield from forks(child)


def children(node: Group | Row) -> tuple[Node, ...]:
    return tuple(node.items.values()) if isinstance(node, Group) else node.items


def _method(choice: Parameter, name: str) -> Place:
    return replace(Place("").given(choice, name), root=f"methods.{name}")


def _grow(value: object, at: Place, problems: list[Problem]) -> Node:
    if isinstance(value, list):
        items = enumerate(cast("list[object]", value))
        return Row(tuple(_grow(item, at.below(str(i)), problems) for i, item in items))
    if not isinstance(value, dict):
        return Fixed(value)
    mapping = cast("dict[str, object]", value)
    if is_domain(mapping):
        return _open(mapping, at, problems)
    if complaint := _half_a_domain(mapping):
        problems.append(Problem(at.written, complaint))
        return Fixed(mapping)
    return Group({key: _grow(item, at.below(key), problems) for key, item in mapping.items()})


def _open(mapping: Mapping[str, object], at: Place, problems: list[Problem]) -> Node:
    domain = parse_domain(at.written, mapping)
    if isinstance(domain, list):
        problems.extend(domain)
        return Fixed(mapping)
    parameter = at.parameter(domain)
    options = mapping.get("choice")
    if not sections(options):
        return Open(parameter)
    options = cast("list[object]", options)
    return Fork(
        parameter,
        {
            label: _grow(unlabelled(option), at.given(parameter, label), problems)
            for label, option in zip(labels(options), options, strict=True)
        },
    )


def _graft(
    base: object, base_at: Place, over: object, over_at: Place, problems: list[Problem]
) -> Node:
    """``base`` with ``over`` laid upon it, as ``laid_upon`` does; both keep their own places."""
    if not is_section(base) or not is_section(over):
        return _grow(over, over_at, problems)
    base = ready_for(base, over)
    items: dict[str, Node] = {}
    for key in [*base, *(key for key in over if key not in base)]:
        if key not in over:
            items[key] = _grow(base[key], base_at.below(key), problems)
        elif key not in base:
            items[key] = _grow(over[key], over_at.below(key), problems)
        else:
            items[key] = _graft(
                base[key], base_at.below(key), over[key], over_at.below(key), problems
            )
    return Group(items)


def _half_a_domain(mapping: Mapping[str, object]) -> str | None:
    """What is wrong with a mapping that looks like a domain and is none."""
    words = [key for key in mapping if key in WORDS]
    if words:
        others = ", ".join(f"'{key}'" for key in mapping if key != words[0])
        return f"'{words[0]}' is a domain and stands alone, found {others} beside it"
    key, value = next(iter(mapping.items()), ("", None))
    if len(mapping) == 1 and isinstance(value, list) and get_close_matches(key, WORDS, 1):
        return f"unknown domain '{key}' (allowed: {', '.join(WORDS)}){suggestion(key, WORDS)}"
    return None
