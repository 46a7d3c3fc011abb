"""Domains on one scale: every value stands at a share, between 0 and 1, of what its domain holds.

Equal parts of the scale are equally likely in a plain draw, so that a number in [0, 1) becomes a
value (the inverse of the distribution function) and a value becomes a number.
"""

import math
from decimal import Decimal
from typing import TypeGuard, assert_never

from mdml_tune.records import Value
from mdml_tune.spaces.domains import Choice, Domain, Int, LogInt, LogUniform, Uniform
from mdml_tune.spaces.values import count

HALF = 0.5
"""How far beyond its ends a range of whole numbers on a log scale goes before it is rounded."""


def value_at(domain: Domain, share: float) -> Value:
    """The value at ``share`` of its domain, in [0, 1]; the last value also stands at 1."""
    match domain:
        case Choice(options):
            return options[_index(share, len(options))]
        case Int(low, _, step):
            return low + (step or 1) * _index(share, count(domain) or 1)
        case LogInt(low, high):
            drawn = _log_between(low - HALF, high + HALF, share)
            return min(max(round(drawn), low), high)
        case LogUniform(low, high):
            return min(max(_log_between(low, high, share), low), high)
        case Uniform(low, high, None):
            return min(max(low * (1 - share) + high * share, low), high)
        case Uniform():
            return point(domain, _index(share, count(domain) or 1))
        case _:
            assert_never(domain)


def share_of(domain: Domain, value: Value) -> float:
    """Where ``value`` stands, in [0, 1]: what ``value_at`` turns into it again.

    Of a value that stands for a stretch of the scale (a choice, a step), its middle.
    """
    match domain:
        case Choice(options):
            return (options.index(value) + HALF) / len(options)
        case Int(low, _, step):
            return ((_number(value) - low) / (step or 1) + HALF) / (count(domain) or 1)
        case LogInt(low, high):
            return _log_share(low - HALF, high + HALF, _number(value))
        case LogUniform(low, high):
            return _log_share(low, high, _number(value))
        case Uniform(low, high, None):
            return (_number(value) - low) / (high - low) if high > low else HALF
        case Uniform():
            return (step_of(domain, _number(value)) + HALF) / (count(domain) or 1)
        case _:
            assert_never(domain)


def point(domain: Uniform, index: int) -> float:
    """The value after ``index`` steps; in decimals, so that 0.1 and two steps of 0.1 are 0.3."""
    low, high = Decimal(str(domain.low)), Decimal(str(domain.high))
    return float(low + (high - low) * index / max(1, (count(domain) or 1) - 1))


def step_of(domain: Uniform, value: float) -> int:
    """How many steps ``value`` is above the low end, to the nearest."""
    return round((value - domain.low) / (domain.step or 1.0))


def holds(domain: Domain, value: Value) -> bool:
    """Whether ``value`` is one of the domain's, in the domain's own type."""
    match domain:
        case Choice(options):
            return any(value == o and type(value) is type(o) for o in options)
        case Int(low, high, step):
            return _whole(value) and low <= value <= high and (value - low) % (step or 1) == 0
        case LogInt(low, high):
            return _whole(value) and low <= value <= high
        case Uniform(low, high, None) | LogUniform(low, high):
            return _real(value) and low <= value <= high
        case Uniform(low, high):
            if not _real(value) or not low <= value <= high:
                return False
            return value == point(domain, step_of(domain, value))
        case _:
            assert_never(domain)


def _whole(value: Value) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _real(value: Value) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: Value) -> float:
    assert _real(value)  # noqa: S101 (a range holds numbers)
    return value


def _index(share: float, size: int) -> int:
    return min(int(share * size), size - 1)


def _log_between(low: float, high: float, share: float) -> float:
    return math.exp(math.log(low) * (1 - share) + math.log(high) * share)


def _log_share(low: float, high: float, value: float) -> float:
    span = math.log(high) - math.log(low)
    return (math.log(value) - math.log(low)) / span if span > 0 else HALF
