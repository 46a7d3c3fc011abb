"""A study whose cluster has died, and MLflow with it, ends before Ray ends the process."""

import threading
import time
from pathlib import Path

import pytest

from mdml_tune import api
from mdml_tune.spaces.load import load_study
from mdml_tune.storage.status import State, read_status
from mdml_tune.tracking import background
from mdml_tune.tracking.server import Server
from mdml_tune.tuning.lifeline import ClusterLostError, Patience

RAY_ENDS_THE_PROCESS_S = 60.0
SMALL = [
    "trial.data.train_size=4",
    "trial.data.val_size=2",
    "trial.data.test_size=2",
    "trial.data.image_size.0=16",
    "trial.data.image_size.1=24",
]


def test_there_is_time_for_all_that_has_to_be_done() -> None:
    patience = Patience()
    known_after = patience.lost_after + patience.looks_every + patience.answers_within
    assert known_after + 2 * background._HASTE_S < RAY_ENDS_THE_PROCESS_S - 10


def test_a_study_does_not_wait_for_mlflow_once_the_head_is_lost(
    uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thawed = threading.Event()
    died: list[float] = []
    study = load_study("rooms_mdml", set_values=SMALL, name="small")

    def dies(*_: object, **_more: object) -> None:
        monkeypatch.setattr(Server, "experiment", lambda *_: thawed.wait(60))
        died.append(time.monotonic())
        raise ClusterLostError("the head has not answered")

    monkeypatch.setattr(background, "_HASTE_S", 0.3)
    monkeypatch.setattr(api, "run", dies)
    with pytest.raises(ClusterLostError):
        api.run_study(study, storage=str(tmp_path / "runs"), tracking_uri=uri)
    taken = time.monotonic() - died[0]
    thawed.set()
    for thread in threading.enumerate():
        if thread.name in {"publishing", "last attempt"}:
            thread.join()
    assert taken < 12, "it waited as long as for a living cluster"
    status = read_status(tmp_path / "runs/studies/small/status.json")
    assert status is not None
    assert (status.state, status.exit_code) == (State.FAILED, 3)
    assert status.message == "the head has not answered"
