"""The dry run: everything is checked and timed, nothing is left behind."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mdml_tune.cli import plan
from mdml_tune.cli.plan import show_plan
from mdml_tune.errors import UnavailableError
from mdml_tune.records import Status
from mdml_tune.spaces.load import load_study
from mdml_tune.spaces.study import Study
from mdml_tune.storage.studies import Storage
from mdml_tune.tuning import forecast_measured
from mdml_tune.tuning.baselines import Baselines

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast_measured, "EPOCH_SECONDS", 0.1)


def study_of(*set_values: str) -> Study:
    return load_study("small.yaml", set_values=list(set_values), name=None)


def test_the_plan_and_its_cost_are_shown_and_nothing_is_left_behind(
    mdml_tune: Call, somewhere: Path
) -> None:
    before = sorted(somewhere.rglob("*"))
    code, said, errors = mdml_tune("search", "small.yaml", "--dry-run")
    assert (code, errors) == (0, "")
    assert sorted(somewhere.rglob("*")) == before
    for line in (
        "study     small: segmentation, depth on rooms",
        "space     mutual.weight, mutual.temperature",
        "0 of 4 baselines, no such study yet",
        "over 3 kinds of training",
        "as after all warm-ups",
        "GB for checkpoints",
    ):
        assert line in said
    table = said[said.index("Forecast") :].splitlines()
    assert max(map(len, table)) <= 80
    (baselines,) = (line.split() for line in table if line.strip().startswith("baselines"))
    assert baselines[1:3] == ["4", "16"]
    (confirm,) = (line.split() for line in table if line.strip().startswith("confirm"))
    assert confirm[1:3] == ["2", "8"]
    assert "GPU-hours" not in said
    assert "cost" not in said[said.index("Forecast") :]


def test_what_is_there_already_costs_nothing(
    somewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = study_of()
    storage = Storage.at(str(somewhere / "elsewhere"))
    digest = plan.data_digest(study.data, None)
    jobs = Baselines(study=study, storage=storage, data_digest=digest, data_root=None).jobs()
    for job in jobs[:3]:
        folder = storage.baseline(job.record.trial_key)
        folder.open(job.record)
        folder.close(Status.COMPLETED)
    show_plan(study, None, str(storage.path), concurrency=1)
    said = capsys.readouterr().out
    assert "3 of 4 baselines" in said
    assert "at once   1 on this machine" in said
    assert "over 2 kinds of training" in said  # the task whose networks are there is not timed
    (baselines,) = (line.split() for line in said.splitlines() if line.startswith("  baselines"))
    assert baselines[1:3] == ["1", "4"]


def test_gpu_hours_and_cost_are_shown_where_they_count(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    study = study_of()
    priced = replace(study.budget, cost_per_gpu_hour=1e6, cost=1.0)
    study = replace(study, resources=replace(study.resources, gpus=0.5), budget=priced)
    monkeypatch.setattr(plan.torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(plan, "can_measure", lambda _: True)
    show_plan(study, None)
    said = capsys.readouterr().out
    assert "GPU-hours" in said
    assert "cost" in said
    assert "the cost budget ends the" in said


def test_on_a_machine_without_the_gpu_epochs_alone_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    study = study_of()
    study = replace(study, resources=replace(study.resources, gpus=1))
    monkeypatch.setattr(plan.torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(plan.torch.cuda, "device_count", lambda: 0)
    with pytest.raises(UnavailableError, match="1 GPU"):
        show_plan(study, None)
    show_plan(study, None, address="ray://head:10001", concurrency=8)
    said = capsys.readouterr().out
    assert "8 assumed on ray://head:10001" in said
    assert "measured  nothing" in said
    assert "baselines 4 trainings, 16 epochs" in said
    assert "confirm   2 trainings, 8 epochs" in said


def test_a_measurement_for_a_cluster_says_where_it_was_taken(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_plan(study_of(), None, address="auto")
    assert "on this machine, not on the cluster" in capsys.readouterr().out


def test_a_disk_that_is_too_small_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    full = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(plan.shutil, "disk_usage", lambda _: full)
    with pytest.raises(UnavailableError, match=r"GB left. Free some, or choose another folder"):
        show_plan(study_of(), None)
