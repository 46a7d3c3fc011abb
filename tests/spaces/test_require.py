"""Requirements: comparisons that cut a piece off a space, and never more than they say."""

from collections.abc import Callable
from typing import Any

import pytest

from mdml_tune.config.schema import plain
from mdml_tune.spaces.allowed import allowed_corners
from mdml_tune.spaces.check import check_study
from mdml_tune.spaces.require import Comparison, number_at, parse_requirement
from mdml_tune.spaces.settings import names_below, types_at
from mdml_tune.spaces.study import Study
from mdml_tune.tasks import Task

Spoil = Callable[[str, object], dict[str, Any]]

TRIAL: dict[str, Any] = {
    "data": {"dataset": "rooms", "tasks": ["segmentation", "depth"]},
    "training": {"epochs": 12},
    "mutual": {"weight": {"segmentation": 0.5, "depth": 0.3}, "warmup_epochs": 4},
    "scd": None,
}


def checked(values: dict[str, Any]) -> Study:
    study = check_study(values)
    assert isinstance(study, Study), study
    return study


def requirement(text: str) -> Comparison:
    found = parse_requirement(text)
    assert isinstance(found, Comparison), found
    return found


@pytest.mark.parametrize(
    ("text", "left", "sign", "right"),
    [
        ("training.epochs > 3", "training.epochs", ">", 3),
        ("0.5<=mutual.weight.depth", 0.5, "<=", "mutual.weight.depth"),
        ("trial.mutual.weight.depth != 1e-3", "mutual.weight.depth", "!=", 1e-3),
        ("  a  ==  b.0.c ", "a", "==", "b.0.c"),
        ("a >= -2", "a", ">=", -2),
        ("a < b", "a", "<", "b"),
    ],
)
def test_what_a_comparison_says(text: str, left: object, sign: str, right: object) -> None:
    found = requirement(text)
    assert (found.left, found.sign, found.right) == (left, sign, right)
    assert found.text == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "found ''; write one comparison"),
        ("training.epochs", "write one comparison (<=, >=, ==, !=, <, >)"),
        ("training.epochs = 3", "write one comparison"),
        ("0 < training.epochs < 9", "write one comparison"),
        ("training.epochs << 9", "write one comparison"),
        ("training.epochs <", "found '', which is neither a path nor a number"),
        ("training epochs < 3", "found 'training epochs'"),
        ("training.epochs < 2 * 3", "found '2 * 3', which is neither"),
        ("__import__('os').getpid() < 3", "which is neither a path nor a number"),
        ("training.epochs < nan()", "found 'nan()'"),
        ("training.epochs < 1e999", "found '1e999'"),
        ("training.epochs < ١٢", "found '١٢'"),
        ("3 < 4", "compares two numbers"),
        ("a" * 300 + " < 3", "found 304 characters, allowed: 200"),
    ],
)
def test_what_is_no_comparison_is_told(text: str, said: str) -> None:
    found = parse_requirement(text)
    assert isinstance(found, str)
    assert said in found


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("mutual.weight.depth < mutual.weight.segmentation", True),
        ("mutual.weight.segmentation <= mutual.weight.depth", False),
        ("mutual.weight.depth == 0.3", True),
        ("mutual.weight.depth != 0.3", False),
        ("mutual.warmup_epochs >= 4", True),
        ("mutual.warmup_epochs > 4", False),
        ("scd.stage_epochs > 1000", True),  # scd is null
        ("okd_mtl.temperature > 1000", True),  # and okd_mtl left out
        ("mutual.ramp == 0", True),  # its default
        ("training.batch_size == 8", True),
        ("training.batch_size > 8", False),
        ("training.clip_norm > 1000", True),  # null by default
    ],
)
def test_when_a_comparison_holds(text: str, *, holds: bool) -> None:
    assert requirement(text).holds(TRIAL) is holds


def test_a_number_for_all_tasks_is_that_of_each() -> None:
    shared = {**TRIAL, "mutual": {"weight": 0.7}}
    assert number_at(shared, "mutual.weight.depth") == 0.7
    assert number_at(shared, "mutual.weight") == 0.7
    assert number_at({**TRIAL, "mutual": {}}, "mutual.weight.depth") == 1.0
    assert number_at(TRIAL, "mutual.weight") is None
    # Also where the rest is no trial, of which defaults cannot be told.
    assert number_at({"mutual": {"weight": 0.7}}, "mutual.weight.depth") == 0.7


def test_items_of_a_list_are_named_by_index() -> None:
    peers = [{"kind": "unet", "width": 8}, {"kind": "unet", "width": 16, "dropout": 0.5}]
    trial = {**TRIAL, "mutual": {"peers": peers}}
    assert number_at(trial, "mutual.peers.1.width") == 16
    assert number_at(trial, "mutual.peers.0.dropout") == 0.0
    assert number_at(trial, "mutual.peers.7.width") is None
    assert number_at(trial, "network.width") == 8


def test_truth_is_no_number() -> None:
    trial = {**TRIAL, "training": {"compile": True}}
    assert number_at(trial, "training.compile") is None


@pytest.mark.parametrize(
    ("texts", "path", "said"),
    [
        (["training.epochs <"], "require.0", "neither a path nor a number"),
        (["training.epochs > 3", "3 > 2"], "require.1", "two numbers"),
        (["mutual.wieght.depth > 3"], "require.0", "did you mean 'weight'?"),
        (["mutaul.weight.depth > 3"], "require.0", "no 'mutaul' in a trial"),
        (["mutual.weight.dpth > 3"], "require.0", "did you mean 'depth'?"),
        (["mutual.weight.normals > 3"], "require.0", "normals has none here"),
        (["mutual.temperature.depth > 3"], "require.0", "that have: segmentation)"),
        (["network.kind > 3"], "require.0", "network.kind is never a number"),
        (["mutual > 3"], "require.0", "mutual is never a number"),
        (["mutual.weight > 3"], "require.0", "name that of a task (mutual.weight.segmentation"),
        (["training.epochs > 12"], "require.0", "no trial fulfils 'training.epochs > 12'"),
        (["mutual.temperature > 6"], "require.0", "no trial fulfils"),
        (
            ["mutual.temperature > 3", "mutual.temperature < 2"],
            "require",
            "at once",
        ),
        ("training.epochs > 3", "require", "valid"),
        ([3], "require.0", "valid string, found 3"),
    ],
)
def test_a_requirement_is_checked_at_the_door(
    spoilt: Spoil, texts: object, path: str, said: str
) -> None:
    found = check_study(spoilt("require", texts))
    assert isinstance(found, list)
    assert [problem.path for problem in found] == [path]
    assert said in found[0].message


def test_corners_that_break_a_requirement_are_no_trials(spoilt: Spoil) -> None:
    spoilt("trial.mutual.warmup_epochs", {"int": [0, 20]})
    spoilt("search.early_stopping", None)
    found = check_study(spoilt("require", []))
    assert isinstance(found, list)
    assert found[0].path == "trial.mutual.warmup_epochs"
    study = checked(spoilt("require", ["mutual.warmup_epochs < training.epochs"]))
    warmups = {config.mutual.warmup_epochs for config in study.corners if config.mutual}
    assert min(warmups) == 0
    assert max(warmups) == 11
    assert not study.allows({"training": {"epochs": 5}, "mutual": {"warmup_epochs": 5}})
    assert study.allows({"training": {"epochs": 5}, "mutual": {"warmup_epochs": 4}})


def test_where_no_corner_is_left_drawn_trials_stand_for_them(spoilt: Spoil) -> None:
    spoilt("trial.mutual.warmup_epochs", {"int": [0, 4]})
    inside = ["mutual.warmup_epochs > 0", "mutual.warmup_epochs < 4"]
    study = checked(spoilt("require", inside))
    corners = map(study.space.resolve, study.space.corners())
    assert not any(map(study.allows, corners))
    assert {c.mutual.warmup_epochs for c in study.corners if c.mutual} == {1, 2, 3}
    temperatures = [c.mutual.temperature[Task.SEGMENTATION] for c in study.corners if c.mutual]
    assert min(temperatures) < 1.2
    assert max(temperatures) > 5.8
    assert study.epochs == 12


def test_drawn_trials_are_checked_as_well(spoilt: Spoil) -> None:
    # All corners are cut off, and what is left has the fault that they would have shown.
    spoilt("trial.mutual.warmup_epochs", {"int": [0, 40]})
    spoilt("search.early_stopping", None)
    texts = ["mutual.warmup_epochs > 20", "mutual.warmup_epochs < 40"]
    found = check_study(spoilt("require", texts))
    assert isinstance(found, list)
    assert [problem.path for problem in found] == ["trial.mutual.warmup_epochs"]


def test_every_option_that_is_left_is_looked_at(spoilt: Spoil) -> None:
    spoilt(
        "methods", {"soft": {}, "hard": {"mutual": {"temperature": 1}}, "none": {"mutual": None}}
    )
    texts = ["mutual.weight.segmentation > 0.03", "mutual.weight.segmentation < 3"]
    study = checked(spoilt("require", texts))
    assert {
        study.space.method(one) for one in allowed_corners(study.space, study.requirements)
    } == {
        "soft",
        "hard",
        "none",
    }
    assert all(study.allows(plain(config)) for config in study.corners)


def test_the_digest_of_the_space_covers_requirements(study: dict[str, Any]) -> None:
    plain = checked(study).space_digest
    assert checked({**study, "require": []}).space_digest == plain
    assert checked({**study, "require": ["mutual.temperature < 5"]}).space_digest != plain


def test_settings_are_read_off_the_schema() -> None:
    assert types_at("mutual.weight.depth") == {"number"}
    assert types_at("training.clip_norm") == {"number", "null"}
    assert types_at("data.image_size.1") == {"integer"}
    assert types_at("mutual.peers.3.width") == {"integer"}
    assert types_at("network.widht") == frozenset()
    assert types_at("mutual.weight.dpth") == frozenset()
    assert "mutual" in names_below("")
    assert names_below("training.epochs") == ()
