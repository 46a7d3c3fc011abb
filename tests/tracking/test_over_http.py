"""The same laws with a real server in between, one that goes away and comes back."""

import os
import socket
import subprocess
import time

import pytest
import requests

from mdml_tune.records import Phase, Status
from mdml_tune.tracking.background import publishing
from mdml_tune.tracking.check import check_tracking
from mdml_tune.tracking.ending import Outcome
from mdml_tune.tracking.ledger import read_ledger, run_ids
from mdml_tune.tracking.publisher import Publisher, sync
from mdml_tune.tracking.ui import study_page, ui_command, ui_environment

pytestmark = [
    pytest.mark.slow,
    # MLflow 3.17 asks SQLAlchemy 2.1 for a loader that is going away; gone when MLflow follows.
]


def test_a_whole_study(http_server, study, read, capfd) -> None:
    uri = check_tracking(http_server.uri)
    study.ended("t1", phase=Phase.BASELINE, method="depth", test={"depth/abs_err": 0.5})
    trial = study.trial("t2", epochs=2)
    study.folder.results.mkdir()
    (study.folder.results / "ranked.csv").write_text("rank\n")
    publisher = Publisher(study.folder, uri)
    assert publisher.publish().points == 13
    study.grow(trial, 4)
    trial.close(Status.FAILED, failure="diverged")
    publisher.close(Outcome.FINISHED)
    store = read(uri)
    once = store.everything()
    assert {key: value[1] for key, value in once.items()} == {
        "rooms-study": "FINISHED", "t1": "FINISHED", "t2": "FAILED",
    }  # fmt: skip
    assert store.steps("t2") == [1, 2, 3, 4]
    parent = store.runs()["rooms-study"].info.run_id
    assert [a.path for a in store.client.list_artifacts(parent)] == ["results", "study.yaml"]

    ids = run_ids(study.folder)
    (study.folder.path / "mlflow.json").unlink()
    sync(study.folder, uri)
    assert run_ids(study.folder) == ids
    assert store.everything() == once
    assert capfd.readouterr() == ("", "")


def test_the_server_goes_away_and_comes_back(http_server, new_study, read) -> None:
    study = new_study("outage")
    trial = study.trial("t1", epochs=2)
    publisher = Publisher(study.folder, http_server.uri)
    publisher.publish()
    http_server.stop()
    try:
        study.grow(trial, 5)
        study.ended("t2", number=1)
        progress = publisher.publish()
        assert (progress.points, progress.missing) == (0, 15)
        assert http_server.uri in progress.problem
        with publishing(study.folder, http_server.uri, every_seconds=0.05) as work:
            pass
        assert "15 metric values" in work.problem
        assert "mdml-tune sync outage" in work.problem
    finally:
        http_server.start()
    progress = sync(study.folder, http_server.uri)
    assert (progress.points, progress.missing, progress.problem) == (15, 0, None)
    store = read(http_server.uri)
    runs = store.runs("outage")
    assert [row[0] for row in store.rows(runs["t1"].info.run_id)] == [1, 2, 3, 4, 5]
    assert {key: run.info.status for key, run in runs.items()} == {
        "outage": "FINISHED", "t1": "KILLED", "t2": "FINISHED",
    }  # fmt: skip


def test_credentials_in_the_uri_reach_no_message_and_no_file(http_server, new_study) -> None:
    study = new_study("secret")
    study.ended("t1")
    uri = http_server.uri.replace("http://", "http://me:hunter2@")
    assert sync(study.folder, uri).problem is None
    told = "".join(p.read_text() for p in study.folder.path.rglob("*") if p.is_file())
    assert "hunter2" not in told
    closed = uri.rpartition(":")[0] + ":9"
    assert "hunter2" not in Publisher(study.folder, closed).publish().problem


def test_the_ui_serves_the_artifacts_from_any_folder(study, uri, tmp_path) -> None:
    study.folder.results.mkdir()
    (study.folder.results / "report.html").write_text("<p>Δm</p>")
    sync(study.folder, uri)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    link = study_page(study.folder, uri, f"http://127.0.0.1:{port}/")
    assert link.startswith(f"http://127.0.0.1:{port}/#/experiments/1/runs?workflowType=")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with (tmp_path / "ui.log").open("wb") as log:
        process = subprocess.Popen(
            ui_command(uri, port), env=ui_environment(uri), cwd=elsewhere, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    try:
        run = read_ledger(study.folder).parent_run_id
        where = f"http://127.0.0.1:{port}"
        page = f"{where}/get-artifact?path=results/report.html&run_uuid={run}"
        assert _get(page) == "<p>Δm</p>"
        assert list(elsewhere.iterdir()) == []
    finally:
        os.killpg(process.pid, 9)
        process.wait()


def _get(page: str) -> str:
    for _ in range(1800):
        try:
            answer = requests.get(page, timeout=5)
        except OSError:
            time.sleep(0.1)
        else:
            answer.raise_for_status()
            answer.encoding = "utf-8"
            return answer.text
    raise TimeoutError(page)
