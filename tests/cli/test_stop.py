"""Ending a study from elsewhere."""

import threading
import time
from pathlib import Path

import pytest
from commands import run

from mdml_tune.cli.stop import stop
from mdml_tune.storage.lock import held
from mdml_tune.storage.studies import Storage, StudyFolder
from mdml_tune.tasks import Task
from mdml_tune.tuning.stopped import StopRequest


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    found = Storage(tmp_path / "mdml_runs").study("small")
    found.open({"study": "small"}, [Task.DEPTH], {})
    return found


def test_a_request_is_there_until_it_is_cleared(folder: StudyFolder) -> None:
    ours, theirs = StopRequest(folder), StopRequest(folder)
    assert not theirs.requested()
    ours.request()
    ours.request()
    assert theirs.requested()
    theirs.clear()
    assert not ours.requested()
    theirs.clear()


def test_nobody_runs_it(folder: StudyFolder) -> None:
    StopRequest(folder).request()  # left behind by somebody
    code, said = run(stop, "small")
    assert code == 0
    assert "Nobody runs study 'small'" in said
    assert not StopRequest(folder).requested()


def test_no_such_study(folder: StudyFolder) -> None:
    code, said = run(stop, "smal")
    assert code == 2
    assert "studies there: small" in said
    assert not (folder.path.parent / "smal").exists()


def test_whoever_runs_it_is_asked_and_waited_for(folder: StudyFolder) -> None:
    held_now, seen = threading.Event(), []

    def drive() -> None:
        with held(folder.path / "LOCK", "it"):
            held_now.set()
            while not StopRequest(folder).requested():
                time.sleep(0.02)
            seen.append("asked")

    driver = threading.Thread(target=drive)
    driver.start()
    held_now.wait()
    code, said = run(stop, "small")
    driver.join()
    assert code == 0, said
    assert seen == ["asked"]
    assert "Stopped." in said
    assert "mdml-tune search" in said
    assert not StopRequest(folder).requested()


def test_who_does_not_answer_is_named(folder: StudyFolder) -> None:
    with held(folder.path / "LOCK", "it"):
        code, said = run(stop, "small", "--wait", "0")
    assert code == 3
    assert "still runs it after 0 s" in said
    assert StopRequest(folder).requested()  # it ends when it looks
