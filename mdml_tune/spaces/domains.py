"""What may stand in a value's place in a study file: ranges, and lists of alternatives."""

import math
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard, cast

from mdml_tune.config.schema import Problem
from mdml_tune.records import Value

INTEGERS = ("int", "log_int")
WORDS = ("uniform", "log_uniform", *INTEGERS, "choice")
"""A mapping whose only key is one of these is a domain."""

STEPPED = ("uniform", "int")

LABEL = re.compile(r"[A-Za-z0-9_.-]+")

MOST_OPTIONS = 1000
"""Of a choice; the space is checked at each of them."""

MOST_STEPS = 2**53
"""Beyond, floats no longer tell one step from the next."""


@dataclass(frozen=True, slots=True)
class Uniform:
    low: float
    high: float
    step: float | None = None


@dataclass(frozen=True, slots=True)
class LogUniform:
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Int:
    low: int
    high: int
    step: int | None = None


@dataclass(frozen=True, slots=True)
class LogInt:
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Choice:
    options: tuple[Value, ...]
    """Of whole sections: their labels."""


Domain = Uniform | LogUniform | Int | LogInt | Choice
"""All bounds belong to their domain."""


def is_domain(value: object) -> TypeGuard[Mapping[str, object]]:
    """Whether the study file means ``value`` to be searched, well or badly."""
    return isinstance(value, dict) and len(cast("Keys", value)) == 1 and _first(value) in WORDS


def parse_domain(path: str, mapping: Mapping[str, object]) -> Domain | list[Problem]:
    """The domain that stands at ``path``, or what is wrong with it."""
    word, given = next(iter(mapping.items()))
    found = _choice(given) if word == "choice" else _range(word, given)
    return [Problem(path, found)] if isinstance(found, str) else found


def sections(options: object) -> bool:
    """Whether a choice is between sections: then its values are the labels of its options."""
    return isinstance(options, list) and any(
        isinstance(option, dict | list) for option in cast("list[object]", options)
    )


def labels(options: Sequence[object]) -> list[Value]:
    """What a choice between sections calls each option: ``name`` in it, or its index."""
    return [_label(index, option) for index, option in enumerate(options)]


def unlabelled(option: object) -> object:
    """An option without its label."""
    if not isinstance(option, dict):
        return option
    return {key: v for key, v in cast("dict[str, object]", option).items() if key != "name"}


Keys = Mapping[str, object]


def _first(value: object) -> str:
    return next(iter(cast("Keys", value)))


def _range(word: str, given: object) -> Domain | str:
    numbers = _numbers(word, given)
    if isinstance(numbers, str):
        return numbers
    low, high, *rest = numbers
    step = rest[0] if rest else None
    if complaint := _misfit(word, low, high, step):
        return complaint
    match word:
        case "int":
            return Int(int(low), int(high), None if step is None else int(step))
        case "log_int":
            return LogInt(int(low), int(high))
        case "log_uniform":
            return LogUniform(float(low), float(high))
        case _:
            return Uniform(float(low), float(high), None if step is None else float(step))


def _misfit(word: str, low: float, high: float, step: float | None) -> str | None:
    if low > high:
        return f"low {low} exceeds high {high}; give the lower bound first"
    if low == high:
        return f"low and high are both {low}; give the value itself instead of {word}"
    if word.startswith("log") and low <= 0:
        return f"{word} needs bounds above 0, found {low}"
    if step is not None and step <= 0:
        return f"a step must be above 0, found {step}"
    if step is not None and not _divides(step, high - low):
        return f"step {step} does not divide the range from {low} to {high} into equal parts"
    return None


def _numbers(word: str, given: object) -> list[int | float] | str:
    """Low, high and perhaps a step, each of the kind that ``word`` takes."""
    step = " or [low, high, step]" if word in STEPPED else ""
    kind = "whole" if word in INTEGERS else "finite"
    items = cast("list[object]", given) if isinstance(given, list) else []
    if len(items) == 3 and not step:  # noqa: PLR2004 (low, high, step)
        return f"{word} takes no step, found {given!r}; give [low, high]"
    if not 2 <= len(items) <= 3:  # noqa: PLR2004 (low, high, step)
        return f"{word} takes [low, high]{step}, found {given!r}"
    for item in items:
        if isinstance(item, bool) or not isinstance(item, int | float):
            return f"{word} takes {kind} numbers, found {item!r}"
        if not _fits(word, item):
            return f"{word} takes {kind} numbers, found {item}"
    return cast("list[int | float]", items)


def _fits(word: str, number: float) -> bool:
    if word in INTEGERS:
        return isinstance(number, int) and abs(number) < 2**63
    try:
        return math.isfinite(float(number))
    except OverflowError:
        return False


def _divides(step: float, span: float) -> bool:
    if isinstance(step, int) and isinstance(span, int):
        return span % step == 0
    parts = span / step
    whole = 1 <= round(parts) < MOST_STEPS if math.isfinite(parts) else False
    return whole and math.isclose(parts, round(parts), rel_tol=1e-9)


def _choice(given: object) -> Choice | str:
    if not isinstance(given, list) or not given:
        return f"choice takes a list of at least one option, found {given!r}"
    options = cast("list[object]", given)
    if len(options) > MOST_OPTIONS:
        return (
            f"choice takes at most {MOST_OPTIONS:,} options, found {len(options):,}; give a range"
        )
    unfit = next((o for o in options if not _can_be_chosen(o)), None)
    if unfit is not None:
        return f"choice takes finite numbers, words, true, false, null and sections, found {unfit}"
    told = labels(options) if sections(options) else cast("list[Value]", options)
    if "" in told and sections(options):
        return "the name of an option must be text of letters, digits, '.', '_' and '-'"
    for what in (told, [unlabelled(option) for option in options]):
        if pair := _equal_pair(what):
            first, second = (told[index] for index in pair)
            return f"options {pair[0]} and {pair[1]} are equal: {first!r} and {second!r}; keep one"
    return Choice(tuple(told))


def _equal_pair(options: Sequence[object]) -> tuple[int, int] | None:
    """The first two that Python takes for equal, as it does 1 and true."""
    seen: dict[Hashable, int] = {}
    for index, option in enumerate(options):
        earlier = seen.setdefault(_hashable(option), index)
        if earlier != index:
            return earlier, index
    return None


def _hashable(value: object) -> Hashable:
    """Equal exactly where ``value`` is."""
    if isinstance(value, dict):
        items = cast("Keys", value).items()
        return ("mapping", frozenset((key, _hashable(v)) for key, v in items))
    if isinstance(value, list):
        return ("list", *map(_hashable, cast("list[object]", value)))
    return cast("Hashable", value)


def _can_be_chosen(option: object) -> bool:
    if isinstance(option, int | float):
        return _fits("uniform", option)
    return option is None or isinstance(option, str | list | dict)


def _label(index: int, option: object) -> Value:
    """Empty where the name that is given cannot be one."""
    if isinstance(option, dict):
        name = cast("Keys", option).get("name", str(index))
        return name if isinstance(name, str) and LABEL.fullmatch(name) else ""
    if isinstance(option, list):
        return str(index)
    return "none" if option is None else cast("Value", option)
