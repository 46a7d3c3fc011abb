"""MLflow holds what the folder holds, once."""

import json
import math

import pytest

from mdml_tune.records import EpochReport, Phase, Status
from mdml_tune.storage.history import append_report, rewrite_history
from mdml_tune.tracking import artifacts
from mdml_tune.tracking.ending import Outcome
from mdml_tune.tracking.failures import AwayError
from mdml_tune.tracking.ledger import read_ledger, run_ids
from mdml_tune.tracking.publisher import Publisher, sync
from mdml_tune.tracking.server import Server

# MLflow 3.17 asks SQLAlchemy 2.1 for a loader that is going away; gone when MLflow follows.


def test_a_trial_as_contracted(study, uri, read) -> None:
    study.ended(
        "t1",
        number=3,
        method="mdml",
        seed=1,
        parameters={"mutual.weight.depth": 0.25, "scd": "none"},
        test={"depth/abs_err": 0.5},
    )
    progress = Publisher(study.folder, uri).publish()
    assert (progress.runs, progress.points, progress.missing, progress.problem) == (1, 7, 0, None)

    runs = read(uri).runs()
    trial, parent = runs["t1"], runs["rooms-study"]
    assert trial.info.run_name == "+2.00 % search-003 mdml seed 1"
    assert trial.info.status == "FINISHED"
    assert (
        trial.data.tags.items()
        >= {
            "mlflow.parentRunId": parent.info.run_id,
            "mdml.phase": "search",
            "mdml.trial_key": "t1",
            "mdml.config_id": "c12ab",
            "mdml.seed": "1",
            "mdml.method": "mdml",
            "mdml.status": "completed",
        }.items()
    )
    assert trial.data.params == {
        "data.dataset": "rooms",
        "data.image_size": "[48, 64]",
        "mutual.weight.depth": "0.25",
        "mutual.update": "simultaneous",
        "scd": "none",
        "networks.0.kind": "unet",
        "networks.1.kind": "segnet",
    }
    [data] = trial.inputs.dataset_inputs
    assert (data.dataset.name, data.dataset.digest) == ("rooms", "d" * 36)
    assert [(tag.key, tag.value) for tag in data.tags] == [("mlflow.data.context", "train")]
    store = read(uri)
    assert store.rows(trial.info.run_id) == [
        (1, 1_700_000_002_000, 1.0),
        (2, 1_700_000_004_000, 2.0),
    ]
    assert store.rows(trial.info.run_id, "test/depth/abs_err") == [(2, 1_700_000_004_000, 0.5)]


def test_the_parent_as_contracted(study, uri, read) -> None:
    Publisher(study.folder, uri).publish()
    parent = read(uri).runs()["rooms-study"]
    assert parent.info.status == "RUNNING"
    assert (
        parent.data.tags.items()
        >= {
            "mdml.study": "rooms-study",
            "mdml.space_digest": "s1",
            "mdml.git_commit": "abc123",
            "mdml.versions.torch": "2.9",
        }.items()
    )
    assert [d.dataset.name for d in parent.inputs.dataset_inputs] == ["rooms"]
    assert "on rooms?" in parent.data.tags["mlflow.note.content"]


def test_run_names_are_read_by_people(study, uri, read) -> None:
    study.trial("t1", phase=Phase.BASELINE, method="depth", seed=1)
    study.trial("t2", phase=Phase.CONFIRM, seed=1000)
    study.trial("t3", number=12)
    Publisher(study.folder, uri).publish()
    names = {key: run.info.run_name for key, run in read(uri).runs().items()}
    assert names == {
        "rooms-study": "rooms-study",
        "t1": "baseline depth seed 1",
        "t2": "confirm c12ab seed 1000",
        "t3": "search-012 c12ab",
    }


def test_publishing_twice_is_publishing_once(study, uri, read) -> None:
    study.ended("t1", test={"depth/abs_err": 0.5})
    study.trial("t2", epochs=3)
    publisher = Publisher(study.folder, uri)
    publisher.publish()
    once = read(uri).everything()
    assert publisher.publish().points == 0
    assert Publisher(study.folder, uri).publish().points == 0
    assert read(uri).everything() == once


def test_a_growing_history_publishes_only_the_new(study, uri, read) -> None:
    trial = study.trial("t1", epochs=2)
    publisher = Publisher(study.folder, uri)
    assert publisher.publish().points == 6
    study.grow(trial, 5)
    assert publisher.publish().points == 9
    assert read(uri).steps("t1") == [1, 2, 3, 4, 5]


def test_what_a_restart_may_take_back_is_not_published(study, uri, read) -> None:
    trial = study.trial("t1", epochs=4, settled=2)
    publisher = Publisher(study.folder, uri)
    publisher.publish()
    assert read(uri).steps("t1") == [1, 2]
    rewrite_history(trial.history, trial.record().history[:2])  # as a resumed trial does
    study.grow(trial, 3)
    trial.close(Status.COMPLETED)
    publisher.publish()
    assert read(uri).steps("t1") == [1, 2, 3]


def test_many_epochs_go_in_few_requests(study, uri, monkeypatch) -> None:
    study.ended("t1", epochs=900)
    requests = []
    log = Server.log
    monkeypatch.setattr(
        Server,
        "log",
        lambda self, run, **k: (requests.append(k.get("points")), log(self, run, **k)),
    )
    assert Publisher(study.folder, uri).publish().points == 2700
    assert sum(bool(points) for points in requests) == 3


@pytest.mark.parametrize(
    ("status", "shown"),
    [(Status.COMPLETED, "FINISHED"), (Status.PRUNED, "FINISHED"), (Status.FAILED, "FAILED")],
)
def test_ends(study, uri, read, status, shown) -> None:
    study.ended("t1", status=status, failure="diverged" if status is Status.FAILED else None)
    Publisher(study.folder, uri).publish()
    run = read(uri).runs()["t1"]
    assert (run.info.status, run.data.tags["mdml.status"]) == (shown, status)
    assert run.data.tags.get("mdml.failure") == ("diverged" if status is Status.FAILED else None)
    # As long as the trial took, however late it was published.
    assert run.info.end_time - run.info.start_time == 4000


def test_nothing_runs_after_the_end_and_goes_on_after_a_resume(study, uri, read) -> None:
    study.ended("t1")
    trial = study.trial("t2", epochs=1)
    publisher = Publisher(study.folder, uri)
    publisher.publish()
    publisher.close(Outcome.INTERRUPTED)
    runs = read(uri).runs()
    status = {key: run.info.status for key, run in runs.items()}
    assert status == {"rooms-study": "KILLED", "t1": "FINISHED", "t2": "KILLED"}
    assert runs["t2"].data.tags["mdml.status"] == "interrupted"

    publisher = Publisher(study.folder, uri)
    publisher.publish()
    status = {key: run.info.status for key, run in read(uri).runs().items()}
    assert status == {"rooms-study": "RUNNING", "t1": "FINISHED", "t2": "RUNNING"}
    study.grow(trial, 3)
    trial.close(Status.COMPLETED)
    publisher.close(Outcome.FINISHED, {"best/delta_m": 6.5})
    after = read(uri).runs()
    assert {run.info.status for run in after.values()} == {"FINISHED"}
    assert after["t2"].info.run_id == runs["t2"].info.run_id
    assert after["t2"].info.end_time == 1_700_000_006_000
    assert after["rooms-study"].data.metrics == {"best/delta_m": 6.5}
    # Begun and ended once more, with nothing new: the summary is not told a second time.
    publisher = Publisher(study.folder, uri)
    publisher.publish()
    publisher.close(Outcome.FINISHED, {"best/delta_m": 6.5})
    assert len(read(uri).rows(after["rooms-study"].info.run_id, "best/delta_m")) == 1


def test_a_run_of_a_trial_that_is_gone_is_ended_too(study, uri, read) -> None:
    study.trial("t1", epochs=1)
    publisher = Publisher(study.folder, uri)
    publisher.publish()
    (study.folder.trial("t1").path / "trial.json").unlink()
    publisher.close(Outcome.FAILED)
    assert {r.info.status for r in read(uri).runs().values()} == {"FAILED", "KILLED"}


def test_baselines_of_the_storage_are_published_and_test_scores_may_come_later(
    study, new_study, uri, read
) -> None:
    trial = study.ended("t1", phase=Phase.BASELINE, method="depth")
    publisher = Publisher(study.folder, uri)
    publisher.publish()
    assert publisher.publish().points == 0
    trial.close(Status.COMPLETED, test={"depth/abs_err": 0.25})
    assert publisher.publish().points == 1
    assert read(uri).steps("t1", "test/depth/abs_err") == [2]

    other = new_study("other-study")
    other.folder.refer_to(["t1"])
    Publisher(other.folder, uri).publish()
    assert run_ids(other.folder)["t1"] != run_ids(study.folder)["t1"]
    assert set(read(uri).runs("other-study")) == {"other-study", "t1"}
    assert set(read(uri).runs()) == {"rooms-study", "t1"}


def test_what_is_not_finite_is_named_instead(study, uri, read) -> None:
    trial = study.trial("t1", epochs=1)
    odd = {"train/loss": math.nan, "val/loss": math.inf}
    append_report(trial.history, EpochReport(2, 1_700_000_004_000, odd))
    trial.close(Status.FAILED, failure="diverged")
    Publisher(study.folder, uri).publish()
    run = read(uri).runs()["t1"]
    assert run.data.tags["mdml.non_finite"] == "train/loss, val/loss"
    assert read(uri).steps("t1", "train/loss") == [1]
    assert "val/loss" not in run.data.metrics


def test_long_values_are_cut(study, uri, read) -> None:
    study.ended("t1", parameters={"note": "x" * 7000}, failure="y" * 9000, status=Status.FAILED)
    assert Publisher(study.folder, uri).publish().problem is None
    run = read(uri).runs()["t1"]
    assert len(run.data.params["note"]) == 6000
    assert len(run.data.tags["mdml.failure"]) == 8000


def test_more_parameters_than_fit_in_a_request(study, uri, read) -> None:
    study.ended("t1", parameters={f"p{i}": i for i in range(250)}, config={})
    Publisher(study.folder, uri).publish()
    assert len(read(uri).runs()["t1"].data.params) == 250


def test_results_are_uploaded_once(study, uri, read, monkeypatch) -> None:
    results = study.folder.results
    (results / "figures").mkdir(parents=True)
    (results / "ranked.csv").write_text("rank\n1\n")
    (results / "figures" / "curve.png").write_bytes(b"png")
    (results / ".ranked.csv.1.tmp").write_text("half")
    uploads = []
    upload = Server.upload
    monkeypatch.setattr(
        Server,
        "upload",
        lambda self, run, file, to: (uploads.append(file.name), upload(self, run, file, to)),
    )
    Publisher(study.folder, uri).close(Outcome.FINISHED)
    assert sorted(uploads) == ["curve.png", "ranked.csv", "study.yaml"]
    (results / "ranked.csv").write_text("rank\n1\n2\n")
    Publisher(study.folder, uri).close(Outcome.FINISHED)
    assert uploads[3:] == ["ranked.csv"]

    store = read(uri)
    parent = store.runs()["rooms-study"]
    there = [item.path for item in store.client.list_artifacts(parent.info.run_id, "results")]
    assert there == ["results/figures", "results/ranked.csv"]
    assert "a%20store/mlartifacts/rooms-study" in parent.info.artifact_uri


def test_a_result_that_vanishes_is_left_for_the_next_pass(study, uri, monkeypatch) -> None:
    study.folder.results.mkdir()
    gone = study.folder.results / "answer.md"
    (study.folder.results / "ranked.csv").write_text("rank\n")
    with monkeypatch.context() as listed:
        files = [gone, study.folder.results / "ranked.csv"]
        listed.setattr(artifacts, "_files", lambda _: files)
        assert sync(study.folder, uri).problem is None
    assert "results/ranked.csv" in read_ledger(study.folder).artifacts
    assert "results/answer.md" not in read_ledger(study.folder).artifacts
    gone.write_text("c1 wins.")
    sync(study.folder, uri)
    assert "results/answer.md" in read_ledger(study.folder).artifacts


def test_one_bad_trial_does_not_stop_the_others(study, uri, read) -> None:
    study.ended("t1")
    (study.folder.trial("t1").path / "trial.json").write_text(json.dumps({"schema": 99}))
    study.ended("t2")
    publisher = Publisher(study.folder, uri)
    for _ in range(3):
        assert "t1" in publisher.publish().problem
    assert read(uri).runs()["t2"].info.status == "FINISHED"


def test_a_run_deleted_by_hand_comes_back_if_its_trial_goes_on(study, uri, read) -> None:
    trial = study.trial("t1", epochs=1)
    publisher = Publisher(study.folder, uri)
    publisher.publish()
    store = read(uri)
    store.client.delete_run(store.runs()["t1"].info.run_id)
    study.grow(trial, 3)
    assert publisher.publish().problem is not None
    assert publisher.publish().problem is None
    assert store.steps("t1") == [1, 2, 3]


def test_an_ending_that_could_not_be_told_is_told_by_sync(study, uri, read, monkeypatch) -> None:
    study.ended("t1")

    def away(*_args: object) -> None:
        raise AwayError("refused")

    with monkeypatch.context() as broken:
        broken.setattr(Server, "experiment", away)
        progress = Publisher(study.folder, uri).close(Outcome.FAILED, {"best/delta_m": 1.0})
    assert (progress.missing, progress.runs) == (6, 0)
    assert "refused" in progress.problem
    assert sync(study.folder, uri).missing == 0
    parent = read(uri).runs()["rooms-study"]
    assert (parent.info.status, parent.data.metrics) == ("FAILED", {"best/delta_m": 1.0})
    once = read(uri).everything()
    sync(study.folder, uri)
    assert read(uri).everything() == once


def test_a_finished_study_synced_elsewhere_has_finished(study, uri, read) -> None:
    study.ended("t1")
    sync(study.folder, uri)
    assert read(uri).runs()["rooms-study"].info.status == "FINISHED"


def test_what_was_not_reached_in_time_is_ended_and_made_good_later(study, uri, read) -> None:
    trial = study.trial("t1", epochs=1)
    publisher = Publisher(study.folder, uri)
    publisher.publish()
    study.grow(trial, 2)
    trial.close(Status.COMPLETED)
    progress = publisher.close(Outcome.FINISHED, patience_s=0)
    assert (progress.points, progress.missing) == (0, 3)
    assert "longer than 0 s" in progress.problem
    assert read(uri).runs()["t1"].info.status == "KILLED"
    assert sync(study.folder, uri).problem is None
    run = read(uri).runs()["t1"]
    assert (run.info.status, run.data.tags["mdml.status"]) == ("FINISHED", "completed")
    assert read(uri).steps("t1") == [1, 2]


def test_an_old_ending_is_forgotten_when_the_study_goes_on(study, uri, read) -> None:
    study.ended("t1")
    Publisher(study.folder, uri).close(Outcome.FAILED)
    Publisher(study.folder, uri).publish()  # and then killed
    sync(study.folder, uri)
    assert read(uri).runs()["rooms-study"].info.status == "FINISHED"
