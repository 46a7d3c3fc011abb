"""Names by content: what trains alike has one name, and nothing else has."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdml_tune.config.identity import code_version, config_id, trial_key
from mdml_tune.config.load import load_trial
from mdml_tune.config.schema import plain
from mdml_tune.config.trial import TrialConfig


def config(weight: object = 0.3, **training: object) -> TrialConfig:
    return load_trial(
        {
            "data": {"dataset": "rooms", "tasks": ["segmentation", "depth"]},
            "training": training,
            "mutual": {"weight": weight},
        }
    )


def test_names_are_no_numbers() -> None:
    assert re.fullmatch(r"c[0-9a-f]{10}", config_id(config()))
    assert re.fullmatch(r"t[0-9a-f]{16}", trial_key(config(), 0, "data"))


# Given when `changes` was not yet there; a name that moved would orphan every record under it.
RECORDED = {
    "c7727b08955": {},
    "c33bd0de661": {"mutual": {"weight": 0.3}},
    "c29007c5a3c": {
        "mutual": {"weight": 0.3, "temperature": 2, "warmup_epochs": 3},
        "scd": {"weight": 0.2, "queue": [["depth"], ["segmentation"]]},
        "training": {"epochs": 12, "optimizer": {"kind": "sgd", "learning_rate": 0.01}},
    },
    "c3eaec0492a": {"network": {"kind": "mtan"}, "r_drop": {}},
    "c4622b036b1": {"mutual": {"weight": 0, "peers": 3}},
}


@pytest.mark.parametrize(("name", "sections"), RECORDED.items())
@pytest.mark.parametrize("more", [{}, {"changes": []}])
def test_names_stay_what_they_were(
    name: str, sections: dict[str, object], more: dict[str, object]
) -> None:
    data = {"dataset": "rooms", "tasks": ["segmentation", "depth"]}
    found = load_trial({"data": data, **sections, **more})
    assert config_id(found) == name
    assert "changes" not in plain(found)


@pytest.mark.parametrize(
    "same", [{"segmentation": 0.3, "depth": 0.3}, {"depth": 0.3, "segmentation": 0.3}]
)
def test_one_configuration_has_one_name(same: dict[str, float]) -> None:
    assert config_id(config(same)) == config_id(config(0.3))
    assert config_id(config(1)) == config_id(config(1.0))


@given(st.floats(0, 10), st.floats(0, 10))
def test_other_weights_have_another_name(one: float, other: float) -> None:
    assert (config_id(config(one)) == config_id(config(other))) == (one == other)


def test_the_key_of_a_trial_covers_what_its_numbers_depend_on() -> None:
    keys = [
        trial_key(config(), 0, "data"),
        trial_key(config(), 1, "data"),
        trial_key(config(), 0, "other data"),
        trial_key(config(epochs=3), 0, "data"),
        trial_key(config(), 0, "data", ["t1"]),
        trial_key(config(), 0, "data", ["t1", "t2"]),
        trial_key(config(), 0, "data", ["t2", "t1"]),
    ]
    assert len(set(keys)) == len(keys)
    assert trial_key(config(), 0, "data") == keys[0]


def test_code_has_one_version() -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", code_version())
