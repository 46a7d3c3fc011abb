"""The values that a domain holds."""

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import assert_never

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


def _point(domain: Uniform, index: int) -> float:
    """In decimals, so that 0.1 and two steps of 0.1 are 0.3."""
    low, high = Decimal(str(domain.low)), Decimal(str(domain.high))
    return float(low + (high - low) * index / ((count(domain) or 2) - 1))
