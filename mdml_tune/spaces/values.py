"""The values that a domain holds."""

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import assert_never

import numpy as np

from mdml_tune.records import Value
from mdml_tune.spaces.domains import Choice, Domain, Int, LogInt, LogUniform, Uniform

INNER = 1 / math.e
"""How far between its ends a range is tried; irrational, so that no whole number is met."""


def count(domain: Domain) -> int | None:
    """How many values there are; none if they cannot be counted."""
    match domain:
        case Choice(options):
            return len(options)
        case Int(low, high, step):
            return (high - low) // (step or 1) + 1
        case LogInt(low, high):
            return high - low + 1
        case Uniform(low, high, step):
            return None if step is None else round((high - low) / step) + 1
        case LogUniform():
            return None
        case _:
            assert_never(domain)


def points(domain: Domain) -> Iterator[Value]:
    """Every value, in order; of a float domain without step none."""
    match domain:
        case Choice(options):
            yield from options
        case Int(low, high, step):
            yield from range(low, high + 1, step or 1)
        case LogInt(low, high):
            yield from range(low, high + 1)
        case Uniform():
            yield from (_point(domain, index) for index in range(count(domain) or 0))
        case LogUniform():
            pass
        case _:
            assert_never(domain)


def extremes(domain: Domain) -> tuple[Value, ...]:
    """Both ends and, of a float domain, a point between them that is no whole number."""
    match domain:
        case Choice(options):
            return options
        case Int(low, high) | LogInt(low, high):
            return (low, high)
        case Uniform(low, high, step):
            inner = low * (1 - INNER) + high * INNER if step is None else _point(domain, 1)
            return (low, inner, high)
        case LogUniform(low, high):
            return (low, low ** (1 - INNER) * high**INNER, high)
        case _:
            assert_never(domain)


def contains(domain: Domain, value: Value) -> bool:
    """Whether ``value`` is one of the domain's; a whole number is also a float, no other way."""
    match domain:
        case Choice(options):
            return any(_same(option, value) for option in options)
        case Int(low, high, step):
            whole = isinstance(value, int) and not isinstance(value, bool)
            return whole and value in range(low, high + 1, step or 1)
        case LogInt(low, high):
            return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        case Uniform(low, high) | LogUniform(low, high):
            number = value if isinstance(value, int | float) else math.nan
            inside = not isinstance(value, bool) and low <= number <= high
            return inside and math.isclose(float(as_held(domain, value) or 0), number)
        case _:
            assert_never(domain)


def as_held(domain: Domain, value: Value) -> Value:
    """A value that the domain contains, as the domain itself has it: 1 of a float range is 1.0."""
    match domain:
        case Choice(options):
            return next(option for option in options if _same(option, value))
        case Uniform(step=step):
            return float(value or 0) if step is None else _nearest(domain, float(value or 0))
        case LogUniform():
            return float(value or 0)
        case Int() | LogInt():
            return value
        case _:
            assert_never(domain)


def drawn(domain: Domain, chance: np.random.Generator) -> Value:
    """A value by chance: evenly, or evenly in its logarithm."""
    share = chance.random()
    match domain:
        case Choice(options):
            return options[_index(share, len(options))]
        case Int(low, _, step):
            return low + (step or 1) * _index(share, count(domain) or 1)
        case LogInt(low, high):
            return min(high, max(low, round(low ** (1 - share) * high**share)))
        case Uniform(low, high, step):
            if step is not None:
                return _point(domain, _index(share, count(domain) or 1))
            return low * (1 - share) + high * share
        case LogUniform(low, high):
            return min(high, max(low, low ** (1 - share) * high**share))
        case _:
            assert_never(domain)


def _same(option: Value, value: Value) -> bool:
    """Equal, and not only because Python takes true for 1."""
    return option == value and isinstance(option, bool) == isinstance(value, bool)


def _nearest(domain: Uniform, value: float) -> float:
    """The stepped value that is nearest."""
    index = round((value - domain.low) / (domain.step or 1))
    return _point(domain, max(0, min(index, (count(domain) or 1) - 1)))


def _index(share: float, number: int) -> int:
    """Which of ``number`` things a share of [0, 1) points at."""
    return min(int(share * number), number - 1)


def _point(domain: Uniform, index: int) -> float:
    """In decimals, so that 0.1 and two steps of 0.1 are 0.3."""
    low, high = Decimal(str(domain.low)), Decimal(str(domain.high))
    return float(low + (high - low) * index / ((count(domain) or 2) - 1))
