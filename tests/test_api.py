"""The package as programs see it."""

import subprocess
import sys

import pytest

import mdml_tune
from mdml_tune.errors import ReportError


def test_what_programs_need_is_there() -> None:
    study = mdml_tune.load_study("rooms_mdml", set_values=["search.trials=6"])
    assert study.search.trials == 6
    for name in mdml_tune.__all__:
        assert getattr(mdml_tune, name).__doc__


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(AttributeError, match="no attribute 'serch'"):
        _ = mdml_tune.serch


def test_a_study_that_is_not_there_is_named(tmp_path) -> None:
    with pytest.raises(ReportError, match="no study 'mine'"):
        mdml_tune.load_record("mine", str(tmp_path))


def test_nothing_heavy_is_imported_before_it_is_asked_for() -> None:
    program = (
        "import sys, mdml_tune; print({'torch', 'ray', 'mlflow', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
