"""The schema for editors: it takes what the door takes, and marks what it can see."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import typer
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from mdml_tune.cli.schema import schema
from mdml_tune.config.yaml12 import read_yaml
from mdml_tune.spaces.find import shipped
from mdml_tune.spaces.json_schema import study_schema

Spoil = Callable[[str, object], dict[str, Any]]
FILE = next(iter(shipped().values())).with_name("study.schema.json")
T = "trial.mutual"


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    made = study_schema()
    Draft202012Validator.check_schema(made)
    return Draft202012Validator(made)


def test_the_file_is_current() -> None:
    # Otherwise: mdml-tune schema --out search_spaces/study.schema.json
    assert json.loads(FILE.read_text(encoding="utf-8")) == study_schema()


@pytest.mark.parametrize("name", shipped())
def test_shipped_studies_are_valid_and_name_it(validator: Draft202012Validator, name: str) -> None:
    path = shipped()[name]
    assert path.read_text().splitlines()[0] == ("# yaml-language-server: $schema=study.schema.json")
    assert list(validator.iter_errors(read_yaml(path))) == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("confirm", None),
        ("extends", "rooms_mdml"),
        ("require", ["mutual.warmup_epochs < training.epochs"]),
        ("search.objective", ["delta_m/depth", "delta_m"]),
        ("search.start_with", [{"mutual.temperature": 1, "scd": None}]),
        ("search.stages", [{"seeds": 1}, {"seeds": 3, "top": 2}]),
        (f"{T}.weight", 0.3),
        (f"{T}.weight", {"uniform": [0, 1, 0.1]}),
        (f"{T}.weight", {"choice": [0.3, {"segmentation": 1, "depth": 0}]}),
        (f"{T}.weight.depth", {"choice": [0.3, {"log_uniform": [0.1, 1]}]}),
        (f"{T}.peers", {"int": [1, 3]}),
        (f"{T}.peers", [{"kind": "unet"}, {"kind": "unet", "width": {"log_int": [4, 16]}}]),
        ("trial.mutual", {"choice": [None, {"name": "soft", "temperature": {"uniform": [1, 6]}}]}),
        ("trial.mutual", None),
        ("trial.weighting", {"kind": {"choice": ["si", "famo"]}}),
        ("trial.training.clip_norm", {"choice": [None, 1.0]}),
        ("methods", {"one": {"mutual": None}, "two": {"network": {"dropout": 0.1}}}),
        ("baseline", {"trial": {"network": {"width": 8}}}),
    ],
)
def test_what_it_takes(
    validator: Draft202012Validator, spoilt: Spoil, place: str, value: object
) -> None:
    assert [error.message for error in validator.iter_errors(spoilt(place, value))] == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("study", ...),
        ("study", "../x"),
        ("serch", {}),
        ("trial", ...),
        ("trial.data", ...),
        ("trial.data.tasks", ...),
        ("trial.data.tasks", ["dpth"]),
        ("trial.data.train_size", {"int": [8, 16]}),
        ("trial.mutal", None),
        (f"{T}.temprature", 2),
        (f"{T}.weight", "1"),
        (f"{T}.weight", -1),
        (f"{T}.weight.dpth", 1),
        (f"{T}.weight.depth", {"unifrom": [0, 1]}),
        (f"{T}.weight.depth", {"uniform": [0, 1], "step": 1}),
        (f"{T}.weight.depth", {"log_uniform": [0, 1]}),
        (f"{T}.weight.depth", {"int": [0, 1]}),
        (f"{T}.warmup_epochs", {"uniform": [0, 1]}),
        (f"{T}.warmup_epochs", {"choice": []}),
        (f"{T}.update", "both"),
        ("trial.mutual", {"choice": [None, {"temprature": 2}]}),
        ("trial.network", {"kind": "mtan", "width": 8}),
        ("methods", {"one": {"data": {}}}),
        ("methods", {"one": {"mutual": {"pers": 2}}}),
        ("baseline", {"trial": {"mutual": None}}),
        ("search.trials", 0),
        ("search.sampler", {"kind": "tpee"}),
        ("search.objective", "miou"),
        ("search.early_stopping.reduction", 1),
        ("search.start_with", [{"mutual": {"weight": 1}}]),
        ("budget", {"wall_clock": "2h"}),
        ("resources", {"cpus": 0}),
    ],
)
def test_what_it_marks(
    validator: Draft202012Validator, spoilt: Spoil, place: str, value: object
) -> None:
    assert list(validator.iter_errors(spoilt(place, value)))


def test_an_extension_leaves_out_what_it_keeps(validator: Draft202012Validator) -> None:
    over: dict[str, Any] = {"extends": "x", "study": "y", "trial": {"mutual": {"ramp": 3}}}
    assert list(validator.iter_errors(over)) == []
    del over["extends"]
    assert list(validator.iter_errors(over))


def test_every_setting_says_what_it_is_for() -> None:
    made = study_schema()
    definitions: dict[str, Any] = deepcopy(made["$defs"])
    mutual = definitions["trial.MutualConfig"]["properties"]
    assert mutual["warmup_epochs"]["description"].startswith("Epochs on labels alone")
    assert "Deep mutual learning" in definitions["trial.MutualConfig"]["description"]


def test_the_command_writes_it(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(schema)
    printed = CliRunner().invoke(app, [])
    assert json.loads(printed.output) == study_schema()
    told = CliRunner().invoke(app, ["--out", str(tmp_path / "s.json")])
    assert "wrote" in told.output
    assert (tmp_path / "s.json").read_text() == printed.output
