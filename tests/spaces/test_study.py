"""Studies as values: what they stand for, and that they survive being written down."""

import json
import pickle
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mdml_tune.config.data import RoomsData
from mdml_tune.config.load import load_trial
from mdml_tune.config.yaml12 import parse_yaml
from mdml_tune.spaces.check import check_study
from mdml_tune.spaces.plan import Budget, ConfirmPlan, Resources, Stage, TpeSampler
from mdml_tune.spaces.study import Study
from mdml_tune.tasks import Task


def checked(values: dict[str, Any]) -> Study:
    study = check_study(values)
    assert isinstance(study, Study), study
    return study


def test_what_a_study_stands_for(study: dict[str, Any]) -> None:
    found = checked(study)
    assert found.name == "small"
    assert found.tasks == (Task.SEGMENTATION, Task.DEPTH)
    assert isinstance(found.data, RoomsData)
    assert found.data.train_size == 16
    assert found.epochs == 12


def test_defaults() -> None:
    data = {"dataset": "rooms", "tasks": ["depth"]}
    found = checked({"study": "x", "trial": {"data": data}})
    assert found.search.sampler == TpeSampler(startup_trials=10)
    assert (found.search.objective, found.search.trials, found.search.seed) == ("delta_m", 24, 0)
    assert found.search.stages == (Stage(seeds=1),)
    assert found.search.early_stopping is None
    assert (found.baseline.seeds, found.confirm) == (3, ConfirmPlan(top=3, seeds=3))
    assert (found.budget, found.resources) == (Budget(), Resources(cpus=1.0, gpus=0.0))
    assert found.space.parameters == ()
    assert found.space.grid_size() == 1


def test_a_baseline_is_the_recipe_on_one_task(study: dict[str, Any]) -> None:
    found = checked(study)
    config = found.baseline_config(Task.DEPTH)
    assert config == load_trial(
        {
            "data": {"dataset": "rooms", "tasks": ["depth"], "train_size": 16},
            "training": {"epochs": 12, "batch_size": 4},
        }
    )


def test_the_longest_trial_counts(study: dict[str, Any]) -> None:
    study["trial"]["training"]["epochs"] = {"choice": [8, 30, 20]}
    study["baseline"] = {"trial": {"training": {"epochs": 30}}}
    assert checked(study).epochs == 30


def written_as_json(values: dict[str, object]) -> object:
    return json.loads(json.dumps(values))


def written_as_json_and_read_as_yaml(values: dict[str, object]) -> object:
    return parse_yaml(json.dumps(values))


def written_as_yaml(values: dict[str, object]) -> object:
    return parse_yaml(yaml.safe_dump(values, sort_keys=False))


WRITERS = [written_as_json, written_as_json_and_read_as_yaml, written_as_yaml]

numbers = st.floats(0.001, 1e3) | st.integers(1, 1000)
words = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,8}", fullmatch=True)


@st.composite
def studies(draw: st.DrawFn) -> dict[str, Any]:
    low, high = sorted(draw(st.lists(numbers, min_size=2, max_size=2, unique=True)))
    weight = draw(st.sampled_from([0.3, {"uniform": [low, high]}, {"log_uniform": [low, high]}]))
    methods = st.dictionaries(
        words.filter(lambda word: word not in ("int", "choice", "uniform")),
        st.sampled_from([{}, {"mutual": None}, {"mutual": {"peers": 3}}]),
        min_size=1,
        max_size=3,
    )
    values: dict[str, Any] = {
        "study": draw(words),
        "trial": {
            "data": {"dataset": "rooms", "tasks": draw(st.permutations(["depth", "edges"]))},
            "training": {"clip_norm": draw(st.none() | numbers)},
            "mutual": {"weight": weight, "peers": draw(st.just(2) | st.just({"int": [2, 4]}))},
        },
        "baseline": {"seeds": draw(st.integers(1, 5))},
        "search": {
            "sampler": {"kind": draw(st.sampled_from(["tpe", "random"]))},
            "early_stopping": draw(st.none() | st.just({"kind": "asha", "reduction": 2})),
        },
        "budget": {"wall_clock": draw(st.none() | numbers)},
        "confirm": draw(st.none() | st.just({"top": 0})),
    }
    if draw(st.booleans()):
        values["methods"] = draw(methods)
    return values


@pytest.mark.parametrize("write", WRITERS)
@given(values=studies())
def test_a_study_survives_being_written_down(
    write: Callable[[dict[str, object]], object], values: dict[str, Any]
) -> None:
    study = checked(values)
    again = write(study.values)
    assert again == study.values
    assert isinstance(again, dict)
    read = checked(again)
    assert read == study
    assert read.space_digest == study.space_digest
    assert read.space.parameters == study.space.parameters


def test_a_study_travels_to_other_processes(study: dict[str, Any]) -> None:
    found = checked(study)
    assert found.space.parameters
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 (our own bytes)


def test_the_digest_covers_what_is_searched_and_nothing_else(study: dict[str, Any]) -> None:
    found = checked(study)
    same = replace(
        found,
        study="renamed",
        search=replace(found.search, trials=99, seed=3, early_stopping=None),
        budget=Budget(gpu_hours=1),
        confirm=None,
    )
    assert same.space_digest == found.space_digest
    changes: list[Callable[[dict[str, Any]], object]] = [
        lambda s: s["trial"]["mutual"].update(temperature={"uniform": [1, 5]}),
        lambda s: s["trial"]["data"].update(train_size=17),
        lambda s: s.update(methods={"a": {}}),
        lambda s: s["search"].update(objective="delta_m/depth"),
    ]
    digests = {found.space_digest}
    for change in changes:
        other = deepcopy(study)
        change(other)
        digests.add(checked(other).space_digest)
    assert len(digests) == 1 + len(changes)
    assert all(len(digest) == 16 for digest in digests)
