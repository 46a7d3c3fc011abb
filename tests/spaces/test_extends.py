"""Studies that say only what is other than in another one."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from mdml_tune.errors import ConfigError
from mdml_tune.spaces.load import load_study

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def put(name: str, values: Mapping[str, object]) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(dict(values), sort_keys=False))
        return path

    return put


@pytest.fixture(autouse=True)
def base(write: Write, study: dict[str, Any]) -> Path:
    return write("base.yaml", study)


def refused(path: Path) -> str:
    with pytest.raises(ConfigError) as error:
        load_study(str(path))
    return str(error.value)


def test_sections_merge_and_everything_else_replaces(write: Write) -> None:
    over = {
        "extends": "base.yaml",
        "study": "other",
        "trial": {
            "data": {"tasks": ["segmentation", "depth", "edges"]},
            "mutual": {"weight": {"edges": 1.0, "depth": {"uniform": [0, 1]}}, "temperature": 2},
        },
        "search": {"trials": 9},
    }
    study, before = load_study(str(write("other.yaml", over))), load_study("base.yaml")
    assert study.name == "other"
    assert study.search.trials == 9
    assert study.search.early_stopping == before.search.early_stopping
    assert study.trial["training"] == before.trial["training"]
    assert study.trial["mutual"] == {
        "weight": {
            "segmentation": {"log_uniform": [0.03, 3.0]},
            "depth": {"uniform": [0, 1]},
            "edges": 1.0,
        },
        "temperature": 2,
        "warmup_epochs": {"int": [0, 4]},
    }
    assert "extends" not in study.values


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_null_removes_what_cannot_be_null_and_is_a_value_where_it_can(
    write: Write, study: dict[str, Any]
) -> None:
    write("base.yaml", {**study, "methods": {"one": {"mutual": None}, "two": {}, "three": {}}})
    over = {
        "extends": "base.yaml",
        "study": "other",
        "trial": {
            "data": {"tasks": ["segmentation"], "train_size": None},
            "mutual": {"weight": {"depth": None}, "warmup_epochs": None},
            "training": {"epochs": None},
        },
        "methods": {"three": None},
        "search": {"early_stopping": None, "trials": None},
        "confirm": None,
        "resources": {"stall_timeout": None},
    }
    found = load_study(str(write("other.yaml", over)))
    assert found.trial["mutual"] == {
        "weight": {"segmentation": {"log_uniform": [0.03, 3.0]}},
        "temperature": {"uniform": [1, 6]},
    }
    assert found.trial["training"] == {"batch_size": 4}
    assert list(found.methods or {}) == ["one", "two"]
    assert (found.methods or {})["one"] == {"mutual": None}
    assert found.search.early_stopping is None
    assert found.search.trials == 24
    assert found.confirm is None
    assert found.resources.stall_timeout is None


def test_null_hides_no_misspelling(write: Write) -> None:
    over = {"extends": "base.yaml", "study": "other", "trial": {"mutal": None}}
    assert "trial.mutal: unknown key" in refused(write("other.yaml", over))


def test_a_kind_takes_only_what_it_has(write: Write, study: dict[str, Any]) -> None:
    study["search"]["sampler"] = {"kind": "tpe", "startup_trials": 3}
    write("base.yaml", study)
    over = {"extends": "base.yaml", "study": "other", "search": {"sampler": {"kind": "random"}}}
    assert load_study(str(write("other.yaml", over))).search.sampler.kind == "random"


def test_chains_relative_to_the_file_that_says_so(write: Write) -> None:
    write("a/b/middle.yaml", {"extends": "../../base.yaml", "study": "m", "search": {"trials": 7}})
    top = {"extends": "b/middle.yaml", "study": "top", "search": {"seed": 3}}
    study = load_study(str(write("a/top.yaml", top)))
    assert (study.name, study.search.trials, study.search.seed) == ("top", 7, 3)
    assert study.tasks == load_study("base.yaml").tasks


def test_a_shipped_study_is_extended_by_its_name(write: Write) -> None:
    over = {"extends": "rooms_mdml", "study": "mine", "trial": {"mutual": {"temperature": 2}}}
    study = load_study(str(write("mine.yaml", over)))
    shipped = load_study("rooms_mdml")
    assert study.trial["data"] == shipped.trial["data"]
    assert "mutual.temperature" not in {p.path for p in study.space.parameters}
    assert "mutual.temperature" not in study.search.start_with[0]


def test_what_is_set_comes_after(write: Write) -> None:
    over = {"extends": "base.yaml", "study": "other", "search": {"trials": 9}}
    study = load_study(str(write("other.yaml", over)), set_values=["search.trials=2"], name="third")
    assert (study.name, study.search.trials) == ("third", 2)


def test_problems_stand_under_their_paths_and_the_file_that_was_named(write: Write) -> None:
    over = {"extends": "base.yaml", "study": "other", "trial": {"mutual": {"temperature": 0}}}
    said = refused(write("other.yaml", over))
    assert said.splitlines()[0].endswith("other.yaml cannot be used:")
    assert "trial.mutual.temperature: should be greater than 0, found 0" in said


def test_circles_are_refused_with_the_chain(write: Write) -> None:
    write("a.yaml", {"extends": "b.yaml", "study": "a"})
    write("b.yaml", {"extends": "c.yaml", "study": "b"})
    path = write("c.yaml", {"extends": "a.yaml", "study": "c"})
    said = refused(path)
    assert "extends: goes in a circle" in said
    assert [said.index(f"{name}.yaml") for name in "cab"] == sorted(
        said.index(f"{name}.yaml") for name in "cab"
    )
    itself = write("d.yaml", {"extends": "d.yaml", "study": "d"})
    assert "goes in a circle" in refused(itself)


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"extends": "base.yaml"}, "study: is missing: a study that extends base.yaml has a name"),
        (
            {"extends": 7, "study": "x"},
            "extends: takes the path or name of one study file, found 7",
        ),
        ({"extends": ["base.yaml"], "study": "x"}, "found ['base.yaml']"),
        ({"extends": None, "study": "x"}, "found None"),
        ({"extends": "", "study": "x"}, "found ''"),
        ({"extends": "bsae.yaml", "study": "x"}, "bsae.yaml is neither a file nor a shipped study"),
        ({"extends": "rooms_mdmll", "study": "x"}, "did you mean 'rooms_mdml'?"),
        ({"extends": "a\0b", "study": "x"}, "extends: "),
        ({"extends": ".", "study": "x"}, "is a folder"),
    ],
)
def test_what_cannot_be_extended(write: Write, over: dict[str, object], said: str) -> None:
    found = refused(write("other.yaml", over))
    assert said in found
    assert "other.yaml" in found


def test_a_broken_base_names_its_own_file(write: Write, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("study: [")
    said = refused(write("other.yaml", {"extends": "broken.yaml", "study": "x"}))
    assert "broken.yaml" in said
