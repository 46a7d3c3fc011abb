"""Publishing beside a study."""

import itertools
import threading
import time

import pytest

from mdml_tune.errors import ConfigError, ReportError
from mdml_tune.records import Status
from mdml_tune.storage.studies import Storage
from mdml_tune.tracking import background
from mdml_tune.tracking.background import publishing
from mdml_tune.tracking.ending import Outcome
from mdml_tune.tracking.failures import AwayError
from mdml_tune.tracking.server import Server

# MLflow 3.17 asks SQLAlchemy 2.1 for a loader that is going away; gone when MLflow follows.


def _wait_for(condition, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_a_study_is_followed_and_ended(study, uri, read) -> None:
    trial = study.trial("t1", epochs=1)
    with publishing(study.folder, uri, every_seconds=0.05) as work:
        _wait_for(lambda: work.progress is not None and work.progress.runs == 1)
        assert read(uri).runs()["rooms-study"].info.status == "RUNNING"
        study.grow(trial, 3)
        trial.close(Status.COMPLETED)
        work.conclude(Outcome.FINISHED, {"best/delta_m": 2.0})
    assert work.problem is None
    runs = read(uri).runs()
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    assert runs["rooms-study"].data.metrics == {"best/delta_m": 2.0}
    assert read(uri).steps("t1") == [1, 2, 3]


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt, "KILLED"), (RuntimeError, "FAILED")]
)
def test_a_study_that_is_left_otherwise(study, uri, read, error, status) -> None:
    study.trial("t1", epochs=2)
    with pytest.raises(error), publishing(study.folder, uri, every_seconds=60):
        raise error
    runs = read(uri).runs()
    assert (runs["rooms-study"].info.status, runs["t1"].info.status) == (status, "KILLED")
    assert read(uri).steps("t1") == [1, 2]


def test_the_study_goes_on_while_the_store_is_away(study, uri, read, monkeypatch) -> None:
    trial = study.trial("t1", epochs=1)
    attempts = []
    log = Server.log

    def away(*_args: object, **_more: object) -> None:
        attempts.append(time.monotonic())
        raise AwayError("refused")

    with publishing(study.folder, uri, every_seconds=0.05) as work:
        _wait_for(lambda: work.progress is not None)
        monkeypatch.setattr(Server, "log", away)
        study.grow(trial, 4)
        _wait_for(lambda: len(attempts) >= 4)
        assert "refused" in work.problem
        monkeypatch.setattr(Server, "log", log)
        _wait_for(lambda: work.problem is None)
    assert read(uri).steps("t1") == [1, 2, 3, 4]
    pauses = [b - a for a, b in itertools.pairwise(attempts)]
    assert pauses[2] > pauses[0]


def test_what_is_missing_at_the_end_is_told_with_the_remedy(study, uri, monkeypatch) -> None:
    study.ended("t1")
    with monkeypatch.context() as broken:
        broken.setattr(
            Server, "create_run", lambda *_args: (_ for _ in ()).throw(AwayError("gone"))
        )
        with publishing(study.folder, uri, every_seconds=60) as work:
            pass
    assert "6 metric values of study 'rooms-study'" in work.problem
    assert "gone" in work.problem
    assert "mdml-tune sync rooms-study" in work.problem


def test_a_frozen_store_does_not_hold_up_the_end(study, uri, monkeypatch) -> None:
    monkeypatch.setattr(background, "_LAST_PASS_S", 0.2)
    monkeypatch.setattr(Server, "experiment", lambda *_args: time.sleep(1.5))
    start = time.monotonic()
    with publishing(study.folder, uri, every_seconds=0.01) as work:
        time.sleep(0.2)
    assert time.monotonic() - start < 1.2
    assert "does not answer" in work.problem
    work._thread.join()


@pytest.mark.parametrize("when", ["in the pass under way", "in the last attempt"])
def test_in_haste_a_frozen_store_is_done_without(study, uri, monkeypatch, when) -> None:
    monkeypatch.setattr(background, "_HASTE_S", 0.2)
    thawed = threading.Event()
    monkeypatch.setattr(Server, "experiment", lambda *_args: thawed.wait(30))
    every_seconds = 0.01 if when == "in the pass under way" else 60
    with publishing(study.folder, uri, every_seconds) as work:
        time.sleep(0.2)
        start = time.monotonic()
        work.make_haste()
    taken, said = time.monotonic() - start, work.problem
    thawed.set()
    for thread in threading.enumerate():
        if thread.name in {"publishing", "last attempt"}:
            thread.join()
    assert taken < 5
    assert "does not answer" in said


def test_in_haste_a_store_that_answers_is_told(study, uri, read, monkeypatch) -> None:
    monkeypatch.setattr(background, "_HASTE_S", 30.0)
    study.trial("t1", epochs=2)
    with publishing(study.folder, uri, 60) as work:
        work.make_haste()
        work.conclude(Outcome.FAILED)
    assert work.problem is None
    assert read(uri).runs()["rooms-study"].info.status == "FAILED"


def test_pauses_grow_to_a_minute(study, uri) -> None:
    work = background.Publishing(study.folder, uri, 2.0)
    assert work._pause(0) == 2.0
    assert 2.0 <= work._pause(1) <= 4.0
    assert 30.0 <= work._pause(50) <= 60.0


def test_mistakes_are_told_before_the_block(study, tmp_path) -> None:
    with pytest.raises(ConfigError), publishing(study.folder, "http://host:port"):
        pass
    with pytest.raises(ReportError), publishing(Storage(tmp_path).study("no"), "http://host"):
        pass
