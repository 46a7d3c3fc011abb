"""The values of a domain: which it holds, as what, and which are drawn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdml_tune.records import Value
from mdml_tune.spaces.domains import Choice, Domain, Int, LogInt, LogUniform, Uniform
from mdml_tune.spaces.values import as_held, contains, drawn, extremes, points

DOMAINS: list[Domain] = [
    Uniform(-1.0, 2.0),
    Uniform(0.0, 1.0, 0.1),
    Uniform(-1e308, 1e308),
    LogUniform(0.03, 3.0),
    LogUniform(1e-300, 1e300),
    Int(-2, 7),
    Int(0, 8, 4),
    Int(-(2**62), 2**62),
    LogInt(1, 1000),
    Choice((None, "a", 1, 2.5)),
]


@given(st.sampled_from(DOMAINS), st.integers(0, 2**32 - 1))
def test_what_is_drawn_is_held(domain: Domain, seed: int) -> None:
    value = drawn(domain, np.random.default_rng(seed))
    assert contains(domain, value)
    assert as_held(domain, value) == value
    assert type(value) in (int, float, str, type(None))


@pytest.mark.parametrize("domain", DOMAINS)
def test_ends_and_points_are_held(domain: Domain) -> None:
    assert all(contains(domain, value) for value in extremes(domain))
    if not (isinstance(domain, Int) and domain.high > 2**60):
        assert all(contains(domain, value) for value in points(domain))


def test_drawings_reach_all_there_is() -> None:
    chance = np.random.default_rng(0)
    assert {drawn(Int(0, 8, 4), chance) for _ in range(100)} == {0, 4, 8}
    assert {drawn(Choice((None, "a")), chance) for _ in range(100)} == {None, "a"}
    stepped = {drawn(Uniform(0.0, 1.0, 0.1), chance) for _ in range(500)}
    assert stepped == set(points(Uniform(0.0, 1.0, 0.1)))


def test_logarithms_are_drawn_evenly() -> None:
    chance = np.random.default_rng(0)
    values = [float(drawn(LogUniform(0.01, 100.0), chance) or 0) for _ in range(2000)]
    assert np.median(values) == pytest.approx(1, rel=0.2)
    assert np.mean([value < 0.1 for value in values]) == pytest.approx(0.25, abs=0.05)


@pytest.mark.parametrize(
    ("domain", "value", "held"),
    [
        (Uniform(0.0, 1.0), 1, 1.0),
        (Uniform(0.0, 1.0, 0.1), 0.30000000000000004, 0.3),
        (LogUniform(0.1, 1.0), 1, 1.0),
        (Int(0, 8, 4), 4, 4),
        (Choice((None, 1.0)), 1, 1.0),
        (Choice((None, 1.0)), None, None),
        (Choice((True, "x")), True, True),
    ],
)
def test_a_value_is_held_as_the_domain_has_it(domain: Domain, value: Value, held: Value) -> None:
    assert contains(domain, value)
    found = as_held(domain, value)
    assert (found, type(found)) == (held, type(held))


@pytest.mark.parametrize(
    ("domain", "value"),
    [
        (Uniform(0.0, 1.0), 1.1),
        (Uniform(0.0, 1.0), -0.1),
        (Uniform(0.0, 1.0), True),
        (Uniform(0.0, 1.0), "1"),
        (Uniform(0.0, 1.0), None),
        (Uniform(0.0, 1.0), float("nan")),
        (Uniform(0.0, 1.0, 0.1), 0.35),
        (LogUniform(0.1, 1.0), 0),
        (Int(0, 8), 4.0),
        (Int(0, 8), True),
        (Int(0, 8), 9),
        (Int(0, 8, 4), 3),
        (LogInt(1, 8), 0),
        (LogInt(1, 8), True),
        (LogInt(1, 8), 2.0),
        (Choice((1, 2)), True),
        (Choice((True, "x")), 1),
        (Choice(("none", "x")), None),
    ],
)
def test_what_no_domain_holds(domain: Domain, value: Value) -> None:
    assert not contains(domain, value)
