"""Domains: what may be written, and which values they hold."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mdml_tune.spaces.domains import (
    Choice,
    Domain,
    Int,
    LogInt,
    LogUniform,
    Uniform,
    is_domain,
    parse_domain,
)
from mdml_tune.spaces.values import count, extremes, points

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("written", "domain"),
    [
        ({"uniform": [1, 6]}, Uniform(1.0, 6.0)),
        ({"uniform": [0, 1, 0.1]}, Uniform(0.0, 1.0, 0.1)),
        ({"uniform": [-1.5, 1e3]}, Uniform(-1.5, 1000.0)),
        ({"log_uniform": [1e-3, 1]}, LogUniform(0.001, 1.0)),
        ({"int": [0, 5]}, Int(0, 5)),
        ({"int": [-3, 9, 4]}, Int(-3, 9, 4)),
        ({"log_int": [1, 64]}, LogInt(1, 64)),
        ({"choice": [0.1, 1]}, Choice((0.1, 1))),
        ({"choice": [None, "adam", False]}, Choice((None, "adam", False))),
        ({"choice": [1]}, Choice((1,))),
        ({"choice": [None, {"a": 1}]}, Choice(("none", "1"))),
        ({"choice": [{"name": "few", "a": 1}, {"a": 2}]}, Choice(("few", "1"))),
    ],
)
def test_what_is_written_is_understood(written: dict[str, object], domain: Domain) -> None:
    assert is_domain(written)
    found = parse_domain("x", written)
    assert found == domain
    assert repr(found) == repr(domain)  # 1 is not 1.0


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"uniform": [6, 1]}, "low 6 exceeds high 1"),
        ({"uniform": [1, 1]}, "give the value itself"),
        ({"uniform": [1]}, "takes [low, high] or [low, high, step], found [1]"),
        ({"uniform": 3}, "found 3"),
        ({"uniform": {"low": 1}}, "takes [low, high]"),
        ({"uniform": [0, 1, 0.1, 2]}, "takes [low, high]"),
        ({"uniform": ["1", 2]}, "found '1'"),
        ({"uniform": [False, 2]}, "found False"),
        ({"uniform": [NAN, 2]}, "finite numbers, found nan"),
        ({"uniform": [0, INF]}, "finite numbers, found inf"),
        ({"uniform": [0, 10**400]}, "finite numbers"),
        ({"uniform": [0, 1, 0.3]}, "step 0.3 does not divide"),
        ({"uniform": [0, 1, 0.099]}, "step 0.099 does not divide"),
        ({"uniform": [0, 1, 2]}, "step 2 does not divide"),
        ({"uniform": [0, 1, 0]}, "above 0, found 0"),
        ({"uniform": [0, 1, -0.5]}, "above 0, found -0.5"),
        ({"uniform": [-1e308, 1e308, 1e-308]}, "does not divide"),
        ({"log_uniform": [0, 1]}, "above 0, found 0"),
        ({"log_uniform": [-1, 1]}, "above 0, found -1"),
        ({"log_uniform": [1, 10, 3]}, "takes no step"),
        ({"int": [0, 2.5]}, "whole numbers, found 2.5"),
        ({"int": [0.0, 2]}, "whole numbers, found 0.0"),
        ({"int": [0, 5, 2]}, "step 2 does not divide"),
        ({"int": [0, True]}, "found True"),
        ({"int": [5, 0]}, "exceeds"),
        ({"log_int": [0, 8]}, "above 0, found 0"),
        ({"log_int": [1, 8, 1]}, "takes no step"),
        ({"choice": []}, "at least one option"),
        ({"choice": None}, "at least one option"),
        ({"choice": "abc"}, "at least one option, found 'abc'"),
        ({"choice": [1, True]}, "equal: 1 and True"),
        ({"choice": [1, 2, 1.0]}, "options 0 and 2 are equal"),
        ({"choice": ["a", "a"]}, "equal"),
        ({"choice": [None, {"name": "none", "a": 1}]}, "equal"),
        ({"choice": [{"a": 1}, {"a": True}]}, "equal"),
        ({"choice": [{"name": "x", "a": [1]}, {"name": "y", "a": [1.0]}]}, "equal"),
        ({"choice": [{"name": "1", "a": 1}, {"a": 2}]}, "equal"),
        ({"choice": [{"name": 3, "a": 1}]}, "must be text"),
        ({"choice": [{"name": "a/b", "a": 1}]}, "must be text"),
        ({"choice": [NAN, 1]}, "found nan"),
    ],
)
def test_a_malformed_domain_is_explained(written: dict[str, object], message: str) -> None:
    found = parse_domain("trial.x", written)
    assert isinstance(found, list)
    assert [problem.path for problem in found] == ["trial.x"]
    assert message in found[0].message


@pytest.mark.parametrize("value", [{}, {"uniform": [0, 1], "a": 1}, {"a": 1}, [1], "uniform", None])
def test_anything_else_is_no_domain(value: object) -> None:
    assert not is_domain(value)


def test_steps_are_counted_in_decimals() -> None:
    assert list(points(Uniform(0.0, 0.5, 0.1))) == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert list(points(Int(-3, 9, 4))) == [-3, 1, 5, 9]
    assert list(points(LogInt(1, 4))) == [1, 2, 3, 4]
    assert list(points(Choice((None, "a")))) == [None, "a"]


@st.composite
def domains(draw: st.DrawFn) -> Domain:
    numbers = st.floats(-1e6, 1e6)
    low, high = sorted(draw(st.lists(numbers, min_size=2, max_size=2, unique=True)))
    first, last = sorted(draw(st.lists(st.integers(1, 500), min_size=2, max_size=2, unique=True)))
    steps = draw(st.integers(1, 200))
    domain = draw(
        st.sampled_from(
            [
                {"uniform": [low, high]},
                {"uniform": [first, last, (last - first) / steps]},
                {"log_uniform": [math.exp(low / 1e5), math.exp(high / 1e5)]},
                {"int": [first, last]},
                {"int": [first, first + (last - first) * steps, last - first]},
                {"log_int": [first, last]},
            ]
        )
    )
    found = parse_domain("x", domain)
    assume(not isinstance(found, list))  # two floats so near that their exponentials meet
    assert not isinstance(found, list)
    return found


@given(domains())
def test_values_lie_within_inclusive_bounds(domain: Domain) -> None:
    assert not isinstance(domain, Choice)
    ends = extremes(domain)
    assert (ends[0], ends[-1]) == (domain.low, domain.high)
    assert all(domain.low <= value <= domain.high for value in ends)  # type: ignore[operator]
    held = list(points(domain))
    assert len(held) == (count(domain) or 0)
    if held:
        assert (held[0], held[-1]) == (domain.low, domain.high)
        assert held == sorted(set(held))  # type: ignore[type-var]
        assert {type(value) for value in held} == {type(domain.low)}


@given(st.integers(-1000, 1000), st.integers(1, 1000))
def test_a_float_domain_is_tried_between_whole_numbers(low: int, width: int) -> None:
    for domain in (Uniform(float(low), float(low + width)), LogUniform(1.0, float(1 + width))):
        inner = extremes(domain)[1]
        assert isinstance(inner, float)
        assert not inner.is_integer()
