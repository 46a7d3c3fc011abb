"""What a trial's folder is told, it says again."""

import math
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from mdml_tune.records import EpochReport, Phase, Status, TrialRecord
from mdml_tune.storage import trials
from mdml_tune.storage.atomic import read_json, write_json
from mdml_tune.storage.history import append_report, read_history
from mdml_tune.storage.trials import TrialFolder

RECORD = TrialRecord(
    trial_key="t0123456789abcdef",
    config_id="c0123456789",
    phase=Phase.CONFIRM,
    seed=1003,
    number=7,
    method="mdml",
    parameters={"mutual.weight.depth": 0.3, "mutual.update": "alternating", "scd": None, "n": 3},
    config={"data": {"tasks": ["depth"]}, "mutual": None},
    cpus=2.0,
    gpus=0.25,
)


def report(epoch: int) -> EpochReport:
    return EpochReport(epoch, 1000 + epoch, {"val/depth/abs_err": 0.5, "time/epoch_seconds": 1.5})


@pytest.fixture
def folder(tmp_path: Path) -> TrialFolder:
    folder = TrialFolder(tmp_path / "trials" / RECORD.trial_key)
    folder.open(RECORD)
    return folder


def test_nobody_opened_it(tmp_path: Path) -> None:
    folder = TrialFolder(tmp_path / "never")
    assert folder.record() is None
    assert not folder.is_open()
    assert not folder.is_closed()
    assert folder.settled_epochs() == 0
    assert not folder.path.exists()


def test_opened_it_is_running(folder: TrialFolder) -> None:
    assert folder.is_open()
    assert not folder.is_closed()
    assert folder.record() == RECORD
    assert folder.record().status is Status.RUNNING


def test_what_is_optional_may_be_left_out(tmp_path: Path) -> None:
    bare = TrialRecord(trial_key="t", config_id="c", phase=Phase.BASELINE, seed=0)
    folder = TrialFolder(tmp_path)
    folder.open(bare)
    assert folder.record() == bare


def test_history_and_time_add_up(folder: TrialFolder) -> None:
    for epoch in (1, 2):
        append_report(folder.history, report(epoch))
    record = folder.record()
    assert record == replace(RECORD, history=(report(1), report(2)), seconds=3.0)
    assert record.scores("val") == {"depth/abs_err": 0.5}
    assert record.gpu_hours == 3.0 * 0.25 / 3600


@pytest.mark.parametrize(
    ("status", "failure", "test"),
    [
        (Status.COMPLETED, None, {"depth/abs_err": 0.1 + 0.2}),
        (Status.COMPLETED, None, None),
        (Status.PRUNED, None, None),
        (Status.FAILED, "diverged in epoch 2: train/loss is nan", None),
    ],
)
def test_closed_it_says_how_it_ended(
    folder: TrialFolder, status: Status, failure: str | None, test: dict[str, float] | None
) -> None:
    folder.close(status, failure=failure, test=test)
    assert folder.is_closed()
    assert folder.record() == replace(RECORD, status=status, failure=failure, test=test)
    assert folder.record().status.is_final


@pytest.mark.parametrize("first", ["trial.json", "result.json", "history.jsonl"])
def test_of_a_trial_that_ends_while_it_is_read_nothing_is_missing(
    folder: TrialFolder, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    # The driver keeps the record of an ended trial, and never reads it again.
    append_report(folder.history, report(1))

    def then_it_ends(read, path: Path):
        found = read(path)
        if path.name == first:
            append_report(folder.history, report(2))
            folder.close(Status.COMPLETED)
        return found

    for read in (read_json, read_history):
        monkeypatch.setattr(trials, read.__name__, partial(then_it_ends, read))
    record = folder.record()
    assert record.status is Status.RUNNING or record.history == (report(1), report(2))


def test_a_score_that_is_not_finite_comes_back(folder: TrialFolder) -> None:
    folder.close(Status.COMPLETED, test={"albedo/psnr": math.inf})
    assert folder.record().test == {"albedo/psnr": math.inf}


def test_closed_again_it_says_the_latter(folder: TrialFolder) -> None:
    folder.close(Status.COMPLETED)
    folder.close(Status.COMPLETED, test={"depth/abs_err": 1.0})
    assert folder.record().test == {"depth/abs_err": 1.0}


def test_settled_are_the_epochs_that_no_restart_takes_back(folder: TrialFolder) -> None:
    for epoch in (1, 2, 3):
        append_report(folder.history, report(epoch))
    assert folder.settled_epochs() == 0
    write_json(folder.checkpoints / "LATEST", {"epoch": 2})
    assert folder.settled_epochs() == 2
    folder.close(Status.PRUNED)
    assert folder.settled_epochs() == 3
    folder.history.write_bytes(folder.history.read_bytes()[:-1])
    assert folder.settled_epochs() == 2
