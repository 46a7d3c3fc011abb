"""A study goes whole or not at all."""

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from commands import run

from mdml_tune.cli import asking
from mdml_tune.cli.delete import delete
from mdml_tune.records import Phase, TrialRecord
from mdml_tune.storage import inventory
from mdml_tune.storage.lock import held
from mdml_tune.storage.studies import Storage, StudyFolder
from mdml_tune.tasks import Task
from mdml_tune.tracking.publisher import Publisher
from mdml_tune.tracking.repair import left_running


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    found = Storage(tmp_path / "mdml_runs").study("small")
    found.open({"study": "small"}, [Task.DEPTH], {})
    for key in ("t1", "t2"):
        found.trial(key).open(TrialRecord(trial_key=key, config_id="c", phase=Phase.SEARCH, seed=0))
    baseline = TrialRecord(trial_key="t3", config_id="c", phase=Phase.BASELINE, seed=0)
    found.storage.baseline("t3").open(baseline)
    found.refer_to(["t3"])
    return found


def test_all_of_it_goes_but_for_the_baselines(folder: StudyFolder) -> None:
    code, said = run(delete, "small", "--yes")
    assert code == 0, said
    assert "2 trials, " in said
    assert "baselines --prune" in said
    assert "Its MLflow runs stay" in said
    assert "Deleted study 'small'" in said
    left = [path for path in folder.storage.path.rglob("*") if path.is_file()]
    assert left == [folder.storage.baseline("t3").path / "trial.json"]


def test_without_a_terminal_it_must_be_said(folder: StudyFolder) -> None:
    code, said = run(delete, "small")
    assert code == 2
    assert "2 trials" in said
    assert "--yes" in said
    assert folder.exists()


@pytest.mark.parametrize("answer", [True, False])
def test_at_a_terminal_it_asks(monkeypatch: pytest.MonkeyPatch, *, answer: bool) -> None:
    monkeypatch.setattr(asking.sys, "stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(asking.typer, "confirm", lambda _: answer)
    with nullcontext() if answer else pytest.raises(typer.Exit):
        asking.require_consent("Delete it?", yes=False)


def test_not_while_somebody_runs_it(folder: StudyFolder) -> None:
    with held(folder.path / "LOCK", "it"):
        code, said = run(delete, "small", "--yes")
    assert code == 3
    assert "mdml-tune stop small" in said
    assert folder.exists()


def test_an_interruption_leaves_no_half_study(
    folder: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(inventory.shutil, "rmtree", killed)
        run(delete, "small", "--yes")
    assert folder.storage.studies() == []
    assert not folder.path.exists()
    code, said = run(delete, "small", "--yes")
    assert code == 2
    assert "no study 'small'" in said


def test_a_study_that_is_not_there(folder: StudyFolder) -> None:
    code, said = run(delete, "smal", "--yes")
    assert code == 2
    assert "studies there: small" in said
    assert not (folder.path.parent / "smal").exists()


@pytest.mark.slow
def test_its_runs_go_too_if_asked(folder: StudyFolder) -> None:
    Publisher(folder, "sqlite:///mlflow.db").publish()
    assert len(left_running(folder, "sqlite:///mlflow.db")) == 4
    code, said = run(delete, "small", "--yes", "--runs", "--tracking-uri", "sqlite:///other.db")
    assert code == 2
    assert "not at sqlite:" in said
    assert folder.exists()
    code, said = run(delete, "small", "--yes", "--runs")
    assert code == 0, said
    assert "Deleted 4 MLflow runs" in said
    assert not folder.path.exists()
