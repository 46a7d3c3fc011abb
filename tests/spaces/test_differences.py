"""What may change when a study is resumed."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from mdml_tune.spaces.check import check_study
from mdml_tune.spaces.differences import differences
from mdml_tune.spaces.study import Study


def values(study: dict[str, Any]) -> dict[str, object]:
    found = check_study(study)
    assert isinstance(found, Study), found
    return found.values


@pytest.mark.parametrize(
    ("section", "change", "path", "was", "now", "safe"),
    [
        ("search", {"trials": 9}, "search.trials", 4, 9, True),
        ("search", {"trials": 3}, "search.trials", 4, 3, False),
        ("search", {"seed": 1}, "search.seed", 0, 1, False),
        ("search", {"objective": "delta_m/depth"}, "search.objective", "delta_m", "delta_m/depth", False),
        ("search", {"start_with": [{"mutual.temperature": 1}]}, "search.start_with", [], [{"mutual.temperature": 1}], False),
        ("budget", {"wall_clock": 2}, "budget.wall_clock", None, 2.0, True),
        ("resources", {"cpus": 2}, "resources.cpus", 1.0, 2.0, True),
        ("resources", {"stall_timeout": None}, "resources.stall_timeout", 1800.0, None, True),
        ("confirm", {"top": 4}, "confirm.top", 3, 4, True),
        ("confirm", {"top": 2}, "confirm.top", 3, 2, False),
        ("confirm", {"seeds": 5}, "confirm.seeds", 3, 5, True),
        ("confirm", {"seeds": 1}, "confirm.seeds", 3, 1, False),
        ("baseline", {"seeds": 4}, "baseline.seeds", 3, 4, False),
        ("trial", {"training": {"epochs": 12, "batch_size": 2}}, "trial.training.batch_size", 4, 2, False),
        ("trial", {"okd_mtl": None}, None, None, None, None),
    ],
)  # fmt: skip
def test_one_change(
    study: dict[str, Any],
    section: str,
    change: Any,
    path: str | None,
    was: Any,
    now: Any,
    safe: Any,
) -> None:
    before = values(study)
    study.setdefault(section, {}).update(change)
    found = differences(before, values(study))
    if path is None:
        assert found == []
        return
    [one] = found
    assert (one.path, one.was, one.now, one.safe) == (path, was, now, safe)
    assert str(one) == f"{path}: was {was}, is {now}"


def test_nothing_differs_from_itself(study: dict[str, Any]) -> None:
    assert differences(values(study), deepcopy(values(study))) == []


def test_a_confirmation_may_be_added_and_not_dropped(study: dict[str, Any]) -> None:
    confirmed = values(study)
    without = values({**study, "confirm": None})
    [added], [dropped] = differences(without, confirmed), differences(confirmed, without)
    assert (added.path, added.safe, added.was) == ("confirm", True, None)
    assert (dropped.path, dropped.safe, dropped.now) == ("confirm", False, None)
    assert differences(without, deepcopy(without)) == []


def test_sections_that_come_and_go_are_told_by_path(study: dict[str, Any]) -> None:
    before = values(study)
    del study["search"]["early_stopping"]
    found = {one.path: one.safe for one in differences(before, values(study))}
    assert "search.early_stopping.kind" in found
    assert not any(found.values())


@pytest.mark.parametrize("change", [lambda v: v["trial"].update(scd={}), lambda v: v.pop("trial")])
def test_whole_sections(study: dict[str, Any], change: Callable[[dict[str, Any]], object]) -> None:
    before = values(study)
    now: dict[str, Any] = deepcopy(before)
    change(now)
    found = differences(before, now)
    assert found
    assert not any(one.safe for one in found)
    assert [one.path for one in found] == sorted(one.path for one in found)


def test_true_is_not_one(study: dict[str, Any]) -> None:
    before = values(study)
    now: dict[str, Any] = deepcopy(before)
    now["search"]["trials"], now["search"]["seed"] = 4, False
    assert [one.path for one in differences(before, now)] == ["search.seed"]
