"""`mdml-tune rank`: what cannot be ranked is said; a whole one is in `test_search.py`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mdml_tune.storage.studies import Storage
from mdml_tune.tasks import Task

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def empty(somewhere: Path) -> None:
    assert somewhere == Path.cwd()
    Storage.at("mdml_runs").study("a").open({}, [Task.DEPTH], {})


def test_single_task_networks_are_not_ranked(mdml_tune: Call) -> None:
    code, out, err = mdml_tune("rank", "a", "--phase", "baseline")
    assert (code, out) == (2, "")
    assert "Choose search or confirm" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("phase", ["search", "confirm"])
def test_phases_that_have_configurations_are(mdml_tune: Call, phase: str) -> None:
    assert mdml_tune("rank", "a", "--phase", phase)[0] == 0
