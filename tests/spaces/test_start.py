"""Configurations to begin with: each inside the space, under names that the sampler knows."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import pytest

from mdml_tune.records import Value
from mdml_tune.spaces.check import check_study
from mdml_tune.spaces.extends import extended
from mdml_tune.spaces.overrides import overridden
from mdml_tune.spaces.study import Study
from mdml_tune.spaces.values import extremes

Spoil = Callable[[str, object], dict[str, Any]]
START = "search.start_with"
WEIGHT = "mutual.weight.segmentation"


@pytest.fixture
def wide(study: dict[str, Any]) -> dict[str, Any]:
    """Every kind of domain, a choice between sections and one between values."""
    mutual = study["trial"]["mutual"]
    mutual["ramp"] = {"int": [0, 8, 4]}
    mutual["update"] = {"choice": ["simultaneous", "alternating"]}
    mutual["fusion"] = "additive"
    study["trial"]["training"]["clip_norm"] = {"choice": [None, 1.0, 5.0]}
    study["trial"]["scd"] = {
        "choice": [
            None,
            {"name": "soft", "weight": {"uniform": [0, 1, 0.1]}},
            {"name": "hard", "weight": {"log_uniform": [0.1, 3]}, "stage_epochs": {"log_int": [1, 5]}},
        ]
    }  # fmt: skip
    study["baseline"] = {"trial": {"training": {"clip_norm": None}}}
    return study


def with_start(study: dict[str, Any], *entries: object) -> dict[str, Any]:
    changed = deepcopy(study)
    changed["search"]["start_with"] = list(entries)
    return changed


def checked(values: Mapping[str, Any]) -> Study:
    study = check_study(values)
    assert isinstance(study, Study), study
    return study


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({WEIGHT: 1}, {WEIGHT: 1.0}),
        ({"mutual.warmup_epochs": 0}, {"mutual.warmup_epochs": 0}),
        ({"mutual.ramp": 8}, {"mutual.ramp": 8}),
        ({"mutual.update": "alternating"}, {"mutual.update": "alternating"}),
        ({"training.clip_norm": None}, {"training.clip_norm": None}),
        ({"training.clip_norm": 5}, {"training.clip_norm": 5.0}),
        ({"scd": "none"}, {"scd": "none"}),
        ({"scd": None}, {"scd": "none"}),
        ({"scd": "soft", "scd.weight": 0.3}, {"scd": "soft", "scd=soft/scd.weight": 0.3}),
        ({"scd": "soft", "scd.weight": 1}, {"scd": "soft", "scd=soft/scd.weight": 1.0}),
        (
            {"scd": "hard", "scd.weight": 3, "scd.stage_epochs": 2},
            {"scd": "hard", "scd=hard/scd.weight": 3.0, "scd=hard/scd.stage_epochs": 2},
        ),
    ],
)
def test_what_is_given_becomes_an_assignment(
    wide: dict[str, Any], given: dict[str, Value], names: dict[str, Value]
) -> None:
    study = checked(with_start(wide, given))
    assert study.search.start_with == (given,)
    found = study.space.assignment_of(given)
    assert found == names
    assert [type(value) for value in found.values()] == [type(value) for value in names.values()]
    # What it leaves out can be drawn, and the whole is a trial that reports what was given.
    whole = study.space.draw(lambda p: found.get(p.name, extremes(p.domain)[0]))
    assert (
        study.space.reported(whole).items()
        >= {
            path: "none" if value is None and path == "scd" else value
            for path, value in given.items()
        }.items()
    )


@pytest.mark.parametrize(
    ("given", "path", "said"),
    [
        ({WEIGHT: 3.5}, WEIGHT, "found 3.5, allowed: 0.03 to 3"),
        ({WEIGHT: True}, WEIGHT, "found True, allowed: 0.03 to 3"),
        ({WEIGHT: "1"}, WEIGHT, "found '1', allowed"),
        ({WEIGHT: None}, WEIGHT, "found None, allowed"),
        ({"mutual.warmup_epochs": 2.0}, "mutual.warmup_epochs", "whole numbers from 0 to 4"),
        ({"mutual.warmup_epochs": 5}, "mutual.warmup_epochs", "found 5, allowed"),
        ({"mutual.ramp": 3}, "mutual.ramp", "from 0 to 8 in steps of 4"),
        ({"mutual.update": "both"}, "mutual.update", "allowed: simultaneous, alternating"),
        ({"training.clip_norm": 2}, "training.clip_norm", "allowed: None, 1.0, 5.0"),
        ({"training.clip_norm": True}, "training.clip_norm", "found True"),
        ({"scd": "mild"}, "scd", "allowed: none, soft, hard"),
        ({"scd": "soft", "scd.weight": 0.35}, "scd.weight", "0 to 1 in steps of 0.1"),
        ({"scd": "hard", "scd.weight": 0}, "scd.weight", "allowed: 0.1 to 3"),
        ({"scd.weight": 0.5}, "scd.weight", "only where scd is soft or where scd is hard; say so"),
        ({"scd": None, "scd.weight": 0.5}, "scd.weight", "only where scd is soft or where"),
        ({"scd": "soft", "scd.stage_epochs": 2}, "scd.stage_epochs", "only where scd is hard"),
        ({"mutual.weight": 1}, "mutual.weight", f"is not searched as one value; give {WEIGHT}"),
        ({"mutual.weight.depth": 1}, "mutual.weight.depth", "trial.mutual.weight.depth is 0.3;"),
        ({"mutual.fusion": "convex"}, "mutual.fusion", "is 'additive'; leave it out"),
        ({"mutual.temprature": 1}, "mutual.temprature", "did you mean 'mutual.temperature'?"),
        ({"method": "one"}, "method", "is not searched (searched: "),
    ],
)
def test_what_lies_outside_the_space_is_told(
    wide: dict[str, Any], given: dict[str, Value], path: str, said: str
) -> None:
    found = check_study(with_start(wide, {"mutual.temperature": 2}, given))
    assert isinstance(found, list)
    assert [problem.path for problem in found] == [f"{START}.1.{path}"]
    assert said in found[0].message


@pytest.mark.parametrize(
    ("entries", "path", "said"),
    [
        ([{}], f"{START}.0", "is empty"),
        ([{WEIGHT: 1}] * 5, START, "holds 5 configurations, more than the 4 of search.trials"),
        ([{WEIGHT: [1]}], f"{START}.0.{WEIGHT}", "takes text, a number"),
        ([{"mutual": {"weight": 1}}], f"{START}.0.mutual", "takes text, a number"),
        ([7], f"{START}.0", "found 7"),
        ({WEIGHT: 1}, START, "found"),
    ],
)
def test_the_list_itself_is_checked(spoilt: Spoil, entries: object, path: str, said: str) -> None:
    found = check_study(spoilt(START, entries))
    assert isinstance(found, list)
    assert [problem.path for problem in found] == [path]
    assert said in found[0].message


@pytest.mark.parametrize("order", [["alone", "together"], ["together", "alone"]])
def test_a_method_decides_what_can_be_given(spoilt: Spoil, order: list[str]) -> None:
    methods = {"alone": {"mutual": None}, "together": {}}
    spoilt("methods", {name: methods[name] for name in order})
    given = {"method": "together", WEIGHT: 1}
    study = checked(spoilt(START, [given]))
    assert study.space.assignment_of(given) == {"method": "together", WEIGHT: 1.0}
    for wrong in ({WEIGHT: 1}, {"method": "alone", WEIGHT: 1}):
        found = check_study(spoilt(START, [wrong]))
        assert isinstance(found, list)
        assert [problem.path for problem in found] == [f"{START}.0.{WEIGHT}"]
    found = check_study(spoilt(START, [{WEIGHT: 1}]))
    assert isinstance(found, list)
    assert "is searched only where method is together; say so" in found[0].message
    unknown = check_study(spoilt(START, [{"method": "toghether"}]))
    assert isinstance(unknown, list)
    assert f"allowed: {', '.join(order)}" in unknown[0].message


def test_what_all_options_ask_for_needs_no_choice(spoilt: Spoil) -> None:
    spoilt("methods", {"quick": {"training": {"accumulate": 2}}, "plain": {}})
    spoilt("baseline", {"trial": {"training": {"accumulate": 1}}})
    study = checked(spoilt(START, [{WEIGHT: 1}]))
    assert study.space.assignment_of({WEIGHT: 1}) == {WEIGHT: 1.0}


def test_a_start_must_be_allowed(spoilt: Spoil) -> None:
    spoilt("require", [f"{WEIGHT} < mutual.temperature"])
    checked(spoilt(START, [{WEIGHT: 2}]))
    found = check_study(spoilt(START, [{WEIGHT: 2, "mutual.temperature": 1}]))
    assert isinstance(found, list)
    assert [problem.path for problem in found] == [f"{START}.0"]
    assert f"require ({WEIGHT} < mutual.temperature)" in found[0].message


@pytest.mark.parametrize(
    ("assignment", "left"),
    [
        ("mutual.temperature=2", [{WEIGHT: 1}]),
        ("trial.mutual.temperature=2", [{WEIGHT: 1}]),
        ("mutual.weight=0.5", [{"mutual.temperature": 1}, {"mutual.temperature": 3}]),
        ("mutual=null", []),
        ("search.trials=1", [{WEIGHT: 1, "mutual.temperature": 1}]),
        ("search.trials=3", [{WEIGHT: 1, "mutual.temperature": 1}, {"mutual.temperature": 3}]),
        ("search.seed=1", [{WEIGHT: 1, "mutual.temperature": 1}, {"mutual.temperature": 3}]),
    ],
)
def test_what_is_set_is_no_longer_proposed(
    spoilt: Spoil, assignment: str, left: list[object]
) -> None:
    values = spoilt(START, [{WEIGHT: 1, "mutual.temperature": 1}, {"mutual.temperature": 3}])
    study = checked(overridden(values, assignment))
    assert list(study.search.start_with) == left


def test_one_method_that_is_set_keeps_its_own_starts(spoilt: Spoil) -> None:
    spoilt("methods", {"one": {}, "two": {}})
    values = spoilt(START, [{"method": "one", WEIGHT: 1}, {"method": "two"}, {WEIGHT: 2}])
    study = checked(overridden(values, "method=one"))
    assert list(study.search.start_with) == [{"method": "one", WEIGHT: 1}, {WEIGHT: 2}]


def test_what_an_extension_gives_is_no_longer_proposed(spoilt: Spoil) -> None:
    base = spoilt(START, [{WEIGHT: 1, "mutual.temperature": 1}])
    fixed = {"study": "x", "trial": {"mutual": {"temperature": 3}}}
    assert list(checked(extended(base, fixed)).search.start_with) == [{WEIGHT: 1}]
    own = {**fixed, "search": {"start_with": [{WEIGHT: 2}]}}
    assert list(checked(extended(base, own)).search.start_with) == [{WEIGHT: 2}]
