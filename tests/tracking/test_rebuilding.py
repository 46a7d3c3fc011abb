"""The ledger lags behind, is lost, or speaks of another store: nothing is doubled."""

import pytest

from mdml_tune.errors import ConfigError, ReportError
from mdml_tune.records import EpochReport, Status
from mdml_tune.storage.history import rewrite_history
from mdml_tune.storage.studies import Storage
from mdml_tune.tracking.ending import Outcome
from mdml_tune.tracking.failures import AwayError
from mdml_tune.tracking.ledger import read_ledger, run_ids
from mdml_tune.tracking.publisher import Publisher, sync
from mdml_tune.tracking.server import Server

# MLflow 3.17 asks SQLAlchemy 2.1 for a loader that is going away; gone when MLflow follows.


def _fill(study):
    study.ended("t1", test={"depth/abs_err": 0.5})
    study.ended("t2", status=Status.FAILED, failure="diverged")
    return study.trial("t3", epochs=2)


def test_killed_between_acknowledgement_and_ledger(study, uri, read) -> None:
    trial = _fill(study)
    Publisher(study.folder, uri).publish()
    ledger = study.folder.path / "mlflow.json"
    old = ledger.read_bytes()
    study.grow(trial, 4)
    Publisher(study.folder, uri).publish()
    once = read(uri).everything()
    ledger.write_bytes(old)
    Publisher(study.folder, uri).publish()
    assert read(uri).everything() == once


def test_killed_before_the_first_ledger(study, uri, read) -> None:
    Publisher(study.folder, uri).publish()
    old = (study.folder.path / "mlflow.json").read_bytes()
    _fill(study)
    Publisher(study.folder, uri).publish()
    once = read(uri).everything()
    (study.folder.path / "mlflow.json").write_bytes(old)
    Publisher(study.folder, uri).publish()
    assert read(uri).everything() == once


def test_how_a_study_ended_is_kept_when_the_ledger_is_lost(study, uri, read) -> None:
    study.ended("t1")
    Publisher(study.folder, uri).close(Outcome.FAILED)
    once = read(uri).everything()
    (study.folder.path / "mlflow.json").unlink()
    sync(study.folder, uri)
    assert read(uri).everything() == once


@pytest.mark.parametrize("content", [None, "", "{", '{"schema": 1, "ledger": {"trials": 3}}'])
def test_a_lost_ledger_is_rebuilt(study, uri, read, content) -> None:
    _fill(study)
    Publisher(study.folder, uri).publish()
    once, ids = read(uri).everything(), run_ids(study.folder)
    ledger = study.folder.path / "mlflow.json"
    ledger.unlink()
    if content is not None:
        ledger.write_text(content)
    Publisher(study.folder, uri).publish()
    assert read(uri).everything() == once
    assert run_ids(study.folder) == ids


def test_ended_trials_are_not_sent_again_when_the_ledger_is_lost(study, uri) -> None:
    study.ended("t1", epochs=5, test={"depth/abs_err": 0.5})
    Publisher(study.folder, uri).publish()
    (study.folder.path / "mlflow.json").unlink()
    assert Publisher(study.folder, uri).publish().points == 0


def test_two_runs_of_one_trial_become_one(study, uri, read) -> None:
    study.ended("t1")
    Publisher(study.folder, uri).publish()
    first = run_ids(study.folder)["t1"]
    store = read(uri)
    experiment = store.experiment().experiment_id
    store.client.create_run(experiment, tags={"mdml.trial_key": "t1"})
    (study.folder.path / "mlflow.json").unlink()
    Publisher(study.folder, uri).publish()
    assert store.runs()["t1"].info.run_id == first
    assert store.steps("t1") == [1, 2]


def test_a_lost_answer_to_a_creation_makes_no_second_run(study, uri, read, monkeypatch) -> None:
    study.trial("t1", epochs=1)
    create = Server.create_run

    def lost(self, *args):
        create(self, *args)
        raise AwayError("no answer")

    publisher = Publisher(study.folder, uri)
    for _ in range(2):  # the parent's, then the trial's
        with monkeypatch.context() as broken:
            broken.setattr(Server, "create_run", lost)
            assert "no answer" in publisher.publish().problem
    assert publisher.publish().problem is None
    assert set(read(uri).runs()) == {"rooms-study", "t1"}


@pytest.mark.parametrize("broken", ["history", "log", "log_data_set", "set_status", "find_runs"])
def test_a_failure_anywhere_is_made_good(study, uri, read, monkeypatch, broken) -> None:
    trial = _fill(study)
    publisher = Publisher(study.folder, uri)
    publisher.publish()
    (study.folder.path / "mlflow.json").unlink()
    study.grow(trial, 3)
    study.ended("t4")
    real = getattr(Server, broken)
    calls = []

    def flaky(self, *args, **kwargs):
        calls.append(1)
        answer = real(self, *args, **kwargs)
        if len(calls) % 2:
            raise AwayError("away")
        return answer

    monkeypatch.setattr(Server, broken, flaky)
    publisher = Publisher(study.folder, uri)
    for _ in range(30):
        if publisher.publish().problem is None:
            break
    assert publisher.problem is None
    assert calls
    store = read(uri)
    assert set(store.runs()) == {"rooms-study", "t1", "t2", "t3", "t4"}
    assert [store.steps(key) for key in ("t1", "t2", "t3", "t4")] == [
        [1, 2],
        [1, 2],
        [1, 2, 3],
        [1, 2],
    ]


def test_a_trial_started_afresh_replaces_its_run(study, uri, read) -> None:
    trial = study.ended("t1", epochs=3)
    Publisher(study.folder, uri).publish()
    old = run_ids(study.folder)["t1"]
    (study.folder.path / "mlflow.json").unlink()
    (trial.path / "result.json").unlink()
    late = [EpochReport(r.epoch, r.timestamp_ms + 1, r.metrics) for r in trial.record().history]
    rewrite_history(trial.history, late)
    publisher = Publisher(study.folder, uri)
    publisher.publish()
    assert run_ids(study.folder)["t1"] != old
    assert read(uri).steps("t1") == [1, 2, 3]


def test_a_trial_that_fell_behind_what_was_published_replaces_its_run(study, uri, read) -> None:
    trial = study.trial("t1", epochs=4)
    publisher = Publisher(study.folder, uri)
    publisher.publish()
    study.settle(trial, 3)  # the newest checkpoint was corrupt
    publisher.publish()
    assert read(uri).steps("t1") == [1, 2, 3]


def test_a_deleted_parent_comes_back_and_keeps_its_children(study, uri, read) -> None:
    _fill(study)
    Publisher(study.folder, uri).publish()
    ids = run_ids(study.folder)
    store = read(uri)
    store.client.delete_run(store.runs()["rooms-study"].info.run_id)
    Publisher(study.folder, uri).publish()
    runs = store.runs()
    parent = runs.pop("rooms-study").info.run_id
    assert {key: run.info.run_id for key, run in runs.items()} == ids
    assert {run.data.tags["mlflow.parentRunId"] for run in runs.values()} == {parent}


def test_another_store_gets_everything(study, uri, other_uri, read) -> None:
    _fill(study)
    Publisher(study.folder, uri).close(Outcome.FAILED)
    sync(study.folder, other_uri)
    here, there = read(uri).everything(), read(other_uri).everything()
    assert {k: v[1] for k, v in here.items()} == {k: v[1] for k, v in there.items()}
    assert {k: v[7] for k, v in here.items()} == {k: v[7] for k, v in there.items()}


def test_an_experiment_of_that_name_was_deleted(study, uri, read) -> None:
    Publisher(study.folder, uri).publish()
    store = read(uri)
    store.client.delete_experiment(store.experiment().experiment_id)
    with pytest.raises(ConfigError, match=r"restore -x .*--name"):
        Publisher(study.folder, uri).publish()


def test_the_ledger_holds_no_credentials(study, monkeypatch) -> None:
    monkeypatch.setattr(Server, "experiment", _away)
    Publisher(study.folder, "http://me:hunter2@127.0.0.1:9").close(Outcome.FAILED)
    assert read_ledger(study.folder).tracking_uri == "http://***@127.0.0.1:9"
    assert "hunter2" not in (study.folder.path / "mlflow.json").read_text()


def test_run_ids_of_a_study_that_was_never_published(study) -> None:
    assert run_ids(study.folder) == {}


def test_no_study_no_publisher(tmp_path, uri) -> None:
    with pytest.raises(ReportError, match="no study 'nope'"):
        Publisher(Storage(tmp_path).study("nope"), uri)


def _away(*_args: object) -> None:
    raise AwayError("away")
