"""Runs that nobody will end any more, and those of a study that goes."""

import pytest

from mdml_tune.errors import ConfigError, UnavailableError
from mdml_tune.tracking.failures import AwayError
from mdml_tune.tracking.ledger import read_ledger
from mdml_tune.tracking.publisher import Publisher, sync
from mdml_tune.tracking.repair import delete_runs, end_left_running, left_running
from mdml_tune.tracking.server import Server


def _left_behind(study, uri) -> None:
    """A study whose driver was killed: its own run and that of a trial stand RUNNING."""
    study.ended("t1")
    study.trial("t2", epochs=1)
    Publisher(study.folder, uri).publish()


def test_runs_that_stand_running_are_ended_as_killed(study, uri, read) -> None:
    _left_behind(study, uri)
    before = read(uri).runs()
    assert set(left_running(study.folder, uri)) == {
        before["rooms-study"].info.run_id,
        before["t2"].info.run_id,
    }
    assert end_left_running(study.folder, uri) == 2
    status = {key: run.info.status for key, run in read(uri).runs().items()}
    assert status == {"rooms-study": "KILLED", "t1": "FINISHED", "t2": "KILLED"}
    assert left_running(study.folder, uri) == []
    assert end_left_running(study.folder, uri) == 0


def test_an_ended_study_goes_on_as_if_nothing_had_been(study, uri, read) -> None:
    _left_behind(study, uri)
    end_left_running(study.folder, uri)
    Publisher(study.folder, uri).publish()
    assert {run.info.status for run in read(uri).runs().values()} == {"RUNNING", "FINISHED"}
    sync(study.folder, uri)
    assert left_running(study.folder, uri) == []


def test_runs_of_others_are_left_alone(study, new_study, uri, read) -> None:
    other = new_study("other")
    _left_behind(study, uri)
    _left_behind(other, uri)
    experiment = read(uri).experiment().experiment_id
    stranger = read(uri).client.create_run(experiment).info.run_id
    assert end_left_running(study.folder, uri) == 2
    assert len(left_running(other.folder, uri)) == 2
    assert delete_runs(study.folder, uri) == 3
    assert read(uri).client.get_run(stranger).info.lifecycle_stage == "active"
    assert len(read(uri).runs("other")) == 3


def test_a_study_that_was_never_published(study, uri, other_uri) -> None:
    assert left_running(study.folder, uri) == []
    assert end_left_running(study.folder, uri) == 0
    assert delete_runs(study.folder, uri) == 0
    _left_behind(study, uri)
    assert left_running(study.folder, other_uri) == []


def test_all_runs_of_a_study_are_deleted_its_own_last(study, uri, read, monkeypatch) -> None:
    _left_behind(study, uri)
    parent = read_ledger(study.folder).parent_run_id
    gone = []
    delete = Server.delete_run

    def noted(self, run_id: str) -> None:
        gone.append(run_id)
        delete(self, run_id)

    monkeypatch.setattr(Server, "delete_run", noted)
    assert delete_runs(study.folder, uri) == 3
    assert read(uri).runs() == {}
    assert gone[-1] == parent


def test_runs_in_another_store_are_not_forgotten_in_silence(study, uri, other_uri) -> None:
    _left_behind(study, uri)
    with pytest.raises(ConfigError, match=r"are at sqlite:.*mlflow\.db, not at sqlite:.*other\.db"):
        delete_runs(study.folder, other_uri)


def test_a_store_that_is_away_is_said(study, uri, monkeypatch) -> None:
    _left_behind(study, uri)

    def away(*_: object) -> None:
        raise AwayError("no answer")

    monkeypatch.setattr(Server, "find_runs", away)
    for work in (left_running, end_left_running, delete_runs):
        with pytest.raises(UnavailableError, match="no answer"):
            work(study.folder, uri)
