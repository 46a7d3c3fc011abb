"""Spaces: conditional parameters, methods, and the trials they stand for."""

from collections.abc import Mapping
from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdml_tune.config.load import load_trial
from mdml_tune.errors import ConfigError
from mdml_tune.records import Value
from mdml_tune.spaces.domains import Choice, LogUniform, Uniform, is_domain
from mdml_tune.spaces.space import Assignment, Space
from mdml_tune.spaces.tree import Group, Parameter
from mdml_tune.spaces.values import count, extremes, points

SCD = {
    "scd": {
        "choice": [
            None,
            {"name": "outputs", "distil": "outputs", "weight": {"log_uniform": [0.03, 3.0]}},
            {
                "distil": "features",
                "weight": {"log_uniform": [0.1, 1.0]},
                "adaptor": {
                    "choice": [
                        {"name": "fast", "learning_rate": {"log_uniform": [0.01, 0.1]}},
                        {"learning_rate": 1e-4},
                    ]
                },
            },
        ]
    }
}


def names(space: Space) -> list[str]:
    return [parameter.name for parameter in space.parameters]


def by_name(space: Space) -> dict[str, Parameter]:
    return {parameter.name: parameter for parameter in space.parameters}


def test_parameters_of_a_choice_are_named_by_the_way_to_them() -> None:
    space = Space.of(SCD)
    assert names(space) == [
        "scd",
        "scd=outputs/scd.weight",
        "scd=2/scd.weight",
        "scd=2/scd.adaptor",
        "scd=2/scd.adaptor=fast/scd.adaptor.learning_rate",
    ]
    found = by_name(space)
    assert found["scd"].domain == Choice(("none", "outputs", "2"))
    assert found["scd=outputs/scd.weight"] == Parameter(
        "scd=outputs/scd.weight", "scd.weight", LogUniform(0.03, 3.0), (("scd", "outputs"),)
    )
    assert found["scd=2/scd.adaptor"].domain == Choice(("fast", "1"))
    assert found["scd=2/scd.adaptor=fast/scd.adaptor.learning_rate"].condition == (
        ("scd", "2"),
        ("scd=2/scd.adaptor", "fast"),
    )


@pytest.mark.parametrize(
    ("assignment", "resolved", "reported"),
    [
        ({"scd": "none"}, {"scd": None}, {"scd": "none"}),
        (
            {"scd": "outputs", "scd=outputs/scd.weight": 0.5},
            {"scd": {"distil": "outputs", "weight": 0.5}},
            {"scd": "outputs", "scd.weight": 0.5},
        ),
        (
            {"scd": "2", "scd=2/scd.weight": 0.2, "scd=2/scd.adaptor": "1"},
            {"scd": {"distil": "features", "weight": 0.2, "adaptor": {"learning_rate": 1e-4}}},
            {"scd": "2", "scd.weight": 0.2, "scd.adaptor": "1"},
        ),
    ],
)
def test_a_choice_of_sections(
    assignment: Assignment, resolved: object, reported: Mapping[str, Value]
) -> None:
    space = Space.of(SCD)
    assert space.draw(lambda parameter: assignment[parameter.name]) == assignment
    assert space.resolve(assignment) == resolved
    assert space.reported(assignment) == reported
    assert space.method(assignment) is None


def test_a_domain_may_be_an_option() -> None:
    space = Space.of({"clip_norm": {"choice": [None, {"log_uniform": [0.1, 10]}]}})
    assert names(space) == ["clip_norm", "clip_norm=1/clip_norm"]
    off: Assignment = {"clip_norm": "none"}
    on: Assignment = {"clip_norm": "1", "clip_norm=1/clip_norm": 0.7}
    assert (space.resolve(off), space.reported(off)) == ({"clip_norm": None}, {"clip_norm": "none"})
    assert (space.resolve(on), space.reported(on)) == ({"clip_norm": 0.7}, {"clip_norm": 0.7})


def test_values_that_are_chosen_stand_for_themselves() -> None:
    space = Space.of({"x": {"choice": [None, 1.5, "a", False]}})
    (parameter,) = space.parameters
    assert parameter.domain == Choice((None, 1.5, "a", False))
    assert [space.resolve(a)["x"] for a in space.grid()] == [None, 1.5, "a", False]
    assert [space.reported(a)["x"] for a in space.grid()] == [None, 1.5, "a", False]


METHODS: dict[str, dict[str, Any]] = {
    "one_network": {"mutual": None},
    "peers": {},
    "soft": {"mutual": {"temperature": {"uniform": [2, 9]}}},
    "fixed": {"mutual": {"weight": 0.3}},
}
BASE = {
    "training": {"epochs": 3},
    "mutual": {"weight": {"log_uniform": [0.1, 1]}, "temperature": {"uniform": [1, 6]}},
}


def test_methods_share_what_they_leave_alone() -> None:
    space = Space.of(BASE, METHODS)
    assert names(space) == [
        "method",
        "mutual.weight",
        "mutual.temperature",
        "method=soft/mutual.temperature",
    ]
    found = by_name(space)
    assert found["method"].domain == Choice(tuple(METHODS))
    assert found["mutual.weight"].condition == ()
    assert found["method=soft/mutual.temperature"].path == "mutual.temperature"
    assert found["method=soft/mutual.temperature"].domain == Uniform(2.0, 9.0)
    assert found["method=soft/mutual.temperature"].condition == (("method", "soft"),)


@pytest.mark.parametrize(
    ("method", "asked", "mutual"),
    [
        ("one_network", [], None),
        ("peers", ["mutual.weight", "mutual.temperature"], {"weight": 0.5, "temperature": 2.5}),
        (
            "soft",
            ["mutual.weight", "method=soft/mutual.temperature"],
            {"weight": 0.5, "temperature": 2.5},
        ),
        ("fixed", ["mutual.temperature"], {"weight": 0.3, "temperature": 2.5}),
    ],
)
def test_a_method_asks_only_for_what_it_has(method: str, asked: list[str], mutual: object) -> None:
    space = Space.of(BASE, METHODS)

    def suggest(parameter: Parameter) -> Value:
        return {"method": method, "mutual.weight": 0.5}.get(parameter.path, 2.5)

    assignment = space.draw(suggest)
    assert list(assignment) == ["method", *asked]
    assert space.method(assignment) == method
    assert space.resolve(assignment) == {"training": {"epochs": 3}, "mutual": mutual}
    assert space.reported(assignment)["method"] == method
    assert len(space.reported(assignment)) == len(assignment)


WEIGHTED: dict[str, Any] = {
    "weighting": {"kind": "dwa", "temperature": {"uniform": [1, 4]}},
    "training": {"optimizer": {"kind": "adam", "learning_rate": {"log_uniform": [1e-4, 1e-2]}}},
}


def test_a_method_of_another_kind_keeps_what_that_has() -> None:
    methods = {
        "dwa": {},
        "even": {"weighting": {"kind": "dwa", "temperature": 9}},
        "cagrad": {"weighting": {"kind": "cagrad", "c": {"uniform": [0.2, 0.5]}}},
        "equal": {"weighting": {"kind": "equal"}},
        "momentum": {"training": {"optimizer": {"kind": "sgd"}}},
    }
    space = Space.of(WEIGHTED, methods)
    asked: dict[str, list[str]] = {}
    resolved: dict[str, Any] = {}
    for method in methods:
        assignment = space.draw(
            lambda p, method=method: method if p.path == "method" else p.domain.low  # type: ignore[union-attr]
        )
        asked[method] = [name for name in assignment if "weighting" in name]
        resolved[method] = space.resolve(assignment)
    assert {method: trial["weighting"] for method, trial in resolved.items()} == {
        "dwa": {"kind": "dwa", "temperature": 1.0},
        "even": {"kind": "dwa", "temperature": 9},
        "cagrad": {"kind": "cagrad", "c": 0.2},
        "equal": {"kind": "equal"},
        "momentum": {"kind": "dwa", "temperature": 1.0},
    }
    assert asked == {
        "dwa": ["weighting.temperature"],
        "even": [],
        "cagrad": ["method=cagrad/weighting.c"],
        "equal": [],
        "momentum": ["weighting.temperature"],
    }
    optimizers = {method: trial["training"]["optimizer"] for method, trial in resolved.items()}
    assert optimizers["momentum"] == {"kind": "sgd", "learning_rate": 1e-4}
    assert optimizers["equal"] == {"kind": "adam", "learning_rate": 1e-4}


def test_an_override_replaces_a_domain_whole() -> None:
    space = Space.of(
        {"mutual": {"weight": {"uniform": [0, 1]}}},
        {
            "log": {"mutual": {"weight": {"log_uniform": [0.1, 1]}}},
            "map": {"mutual": {"weight": {"depth": 1}}},
        },
    )
    assert names(space) == ["method", "method=log/mutual.weight"]
    assert space.resolve({"method": "map"}) == {"mutual": {"weight": {"depth": 1}}}


def test_a_malformed_space_cannot_be_made() -> None:
    with pytest.raises(ConfigError, match=r"trial\.x: low 2 exceeds high 1"):
        Space.of({"x": {"uniform": [2, 1]}})
    with pytest.raises(ConfigError, match=r"methods\.m\.x: low 2 exceeds high 1"):
        Space.of({}, {"m": {"x": {"uniform": [2, 1]}}})


def test_a_grid_is_counted_without_being_made() -> None:
    space = Space.of({"x": {"int": [1, 10**9]}, "y": {"uniform": [0, 1, 1e-6]}})
    assert space.grid_size() == 10**9 * (10**6 + 1)
    assert next(iter(space.grid())) == {"x": 1, "y": 0.0}


def test_a_grid_needs_steps() -> None:
    space = Space.of(SCD)
    for broken in (space.grid_size, space.grid):
        with pytest.raises(ConfigError, match=r"trial\.scd\.weight: .* no step"):
            broken()


def test_the_last_parameter_of_a_grid_varies_fastest() -> None:
    space = Space.of({"x": {"int": [1, 2]}, "y": {"choice": ["a", "b"]}})
    assert [list(a.values()) for a in space.grid()] == [[1, "a"], [1, "b"], [2, "a"], [2, "b"]]


# Laws over random spaces: sections of settings, each fixed, searched or chosen.

KEYS = st.sampled_from(["a", "b", "c", "weight", "kind"])
ranges = st.sampled_from(
    [
        {"uniform": [0, 1]},
        {"uniform": [0, 1, 0.25]},
        {"log_uniform": [0.1, 1]},
        {"int": [0, 3]},
        {"log_int": [1, 3]},
        {"choice": ["p", "q", None]},
    ]
)
scalars = st.sampled_from([1, 0.5, "word", None, True, [1, 2]])


def choices(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    def labelled(options: list[Any]) -> dict[str, object]:
        return {"choice": [None, *({"name": f"n{i}", "is": o} for i, o in enumerate(options))]}

    return st.lists(values, min_size=1, max_size=3).map(labelled)


settings = st.recursive(
    scalars | ranges,
    lambda inner: (
        st.dictionaries(KEYS, inner, max_size=3) | choices(inner) | st.lists(inner, max_size=2)
    ),
    max_leaves=6,
)
sections = st.dictionaries(KEYS, settings, max_size=3)


@st.composite
def spaces(draw: st.DrawFn, *, countable: bool = False) -> Space:
    methods = st.none() | st.dictionaries(st.sampled_from(["m1", "m2"]), sections, min_size=1)
    try:
        space = Space.of(draw(sections), draw(methods))
    except ConfigError:  # two options turned out equal
        space = Space.of({})
    return Space.of({}) if countable and space.without_grid else space


def is_free_of_domains(value: object) -> bool:
    if isinstance(value, dict):
        return (
            not is_domain(value)
            and "name" not in value
            and all(map(is_free_of_domains, value.values()))
        )
    return not isinstance(value, list) or all(map(is_free_of_domains, value))


def drawn(space: Space, data: st.DataObject) -> Assignment:
    def suggest(parameter: Parameter) -> Value:
        if count(parameter.domain) is not None:
            return data.draw(st.sampled_from(list(points(parameter.domain))))
        assert not isinstance(parameter.domain, Choice)
        return data.draw(st.floats(parameter.domain.low, parameter.domain.high))

    return space.draw(suggest)


@given(spaces(), st.data())
def test_what_is_drawn_resolves_to_a_trial_without_domains(
    space: Space, data: st.DataObject
) -> None:
    assignment = drawn(space, data)
    assert is_free_of_domains(space.resolve(assignment))
    assert space.draw(lambda parameter: assignment[parameter.name]) == assignment
    active = [p for p in space.parameters if p.name in assignment]
    assert set(space.reported(assignment)) == {p.path for p in active}


@given(spaces(), st.data())
def test_conditions_hold_for_whatever_is_drawn(space: Space, data: st.DataObject) -> None:
    assignment = drawn(space, data)
    for parameter in space.parameters:
        if parameter.name in assignment:
            assert all(assignment[choice] == label for choice, label in parameter.condition)


@given(spaces())
def test_names_are_unique_and_choices_come_before_what_hangs_on_them(space: Space) -> None:
    seen: set[str] = set()
    for parameter in space.parameters:
        assert parameter.name not in seen
        assert {choice for choice, _ in parameter.condition} <= seen
        seen.add(parameter.name)


@given(spaces(countable=True))
def test_a_grid_holds_every_combination_once(space: Space) -> None:
    if space.grid_size() > 500:
        return
    grid = list(space.grid())
    assert len(grid) == space.grid_size()
    assert len({tuple(sorted(map(repr, a.items()))) for a in grid}) == len(grid)
    for assignment in grid:
        assert space.draw(lambda p, given=assignment: given[p.name]) == assignment


@given(spaces())
def test_corners_are_draws_that_reach_every_parameter_and_option(space: Space) -> None:
    reached: dict[str, set[Value]] = {}
    for corner in space.corners():
        assert space.draw(lambda p, given=corner: given[p.name]) == corner
        for name, value in corner.items():
            reached.setdefault(name, set()).add(value)
    for parameter in space.parameters:
        if isinstance(parameter.domain, Choice):
            assert reached[parameter.name] == set(parameter.domain.options)
        else:
            assert {parameter.domain.low, parameter.domain.high} <= reached[parameter.name]


def test_a_drawn_trial_is_one() -> None:
    space = Space.of(
        {
            "data": {"dataset": "rooms", "tasks": ["depth"]},
            "mutual": {"choice": [None, {"weight": {"uniform": [0, 1, 0.5]}, "ramp": 2}]},
        }
    )
    configs = [load_trial(space.resolve(assignment)) for assignment in space.grid()]
    assert [None if c.mutual is None else dict(c.mutual.weight) for c in configs] == [
        None,
        {"depth": 0.0},
        {"depth": 0.5},
        {"depth": 1.0},
    ]


def test_every_part_of_a_trial_may_be_searched() -> None:
    network = {"kind": "unet", "width": 8}
    space = Space.of(
        {
            "data": {"dataset": "rooms", "tasks": ["depth", "normals"]},
            "weighting": {
                "choice": [
                    {"name": "equal", "kind": "equal"},
                    {"name": "famo", "kind": "famo", "gamma": {"log_uniform": [1e-3, 1e-2]}},
                ]
            },
            "mutual": {
                "peers": [network, {"kind": "unet", "width": {"int": [8, 16, 8]}}],
                "weight": {"depth": {"uniform": [0, 1]}, "normals": 0.3},
                "ramp": {"int": [0, 9]},
            },
            "scd": {
                "choice": [
                    None,
                    {"name": "own", "queue": {"choice": [[["depth"], ["normals"]], None]}},
                    {
                        "name": "found",
                        "grouping_threshold": {"uniform": [0, 1]},
                        "weight": {"log_uniform": [0.003, 1]},
                        "adaptor": {"learning_rate": {"log_uniform": [1e-4, 1e-1]}},
                        "distil": {"choice": ["outputs", "features"]},
                    },
                ]
            },
        }
    )
    configs = [load_trial(space.resolve(corner)) for corner in space.corners()]
    assert {config.weighting.kind for config in configs} == {"equal", "famo"}
    widths = {tuple(network.width for network in config.networks) for config in configs}  # type: ignore[union-attr]
    assert widths == {(8, 8), (8, 16)}
    found = [config.scd for config in configs if config.scd is not None]
    assert {scd.queue for scd in found} == {None, (("depth",), ("normals",))}
    assert {scd.distil for scd in found} == {"outputs", "features"}
    learnt = [scd.adaptor.learning_rate for scd in found if scd.distil == "features"]
    assert {1e-4, 1e-1} <= set(learnt)


@given(spaces())
def test_any_two_parameters_of_a_section_are_moved_together(space: Space) -> None:
    if not isinstance(space.root, Group):
        return
    free = [p for p in space.parameters if not p.condition]
    corners = list(space.corners())
    for one, other in combinations(free, 2):
        met = {(corner[one.name], corner[other.name]) for corner in corners}
        assert met >= set(product(extremes(one.domain), extremes(other.domain)))
