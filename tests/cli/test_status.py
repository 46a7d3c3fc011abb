"""Status: who runs what, and what is left; read from the disk alone, while the study runs."""

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mdml_tune.config.load import load_trial
from mdml_tune.config.schema import plain
from mdml_tune.config.trial import TrialConfig
from mdml_tune.records import EpochReport, Phase, Status, TrialRecord
from mdml_tune.spaces.load import load_study
from mdml_tune.storage import status
from mdml_tune.storage.history import append_report
from mdml_tune.storage.lock import held
from mdml_tune.storage.status import State, StudyStatus, read_status, write_status
from mdml_tune.storage.studies import Storage, StudyFolder
from mdml_tune.storage.trials import TrialFolder

Call = Callable[..., tuple[int, str, str]]
Process = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def begun(somewhere: Path) -> Callable[..., StudyFolder]:
    """A study whose baselines are there, as it was begun with ``set_values``."""

    def begin(*set_values: str) -> StudyFolder:
        study = load_study(str(somewhere / "small.yaml"), set_values=list(set_values), name=None)
        folder = Storage.at(str(somewhere / "mdml_runs")).study("small")
        folder.open(study.values, study.tasks, {"started": "2026-01-01T00:00:00+0000"})
        keys: list[str] = []
        for task in study.tasks:
            for seed in range(2):
                keys.append(f"t{task}{seed}")
                config = study.baseline_config(task)
                run(
                    folder.storage.baseline(keys[-1]),
                    config,
                    Phase.BASELINE,
                    epochs=4,
                    seed=seed,
                    method=str(task),
                )
        folder.refer_to(keys)
        return folder

    return begin


def run(
    folder: TrialFolder,
    config: TrialConfig,
    phase: Phase,
    *,
    epochs: int,
    seed: int = 0,
    method: str | None = None,
    number: int | None = None,
) -> None:
    folder.open(
        TrialRecord(
            trial_key=folder.path.name,
            config_id=f"c{number}",
            phase=phase,
            seed=seed,
            number=number,
            method=method,
            config=plain(config),
            gpus=0.5,
        )
    )
    for epoch in range(1, epochs + 1):
        metrics = {"val/delta_m": 1.0, "time/epoch_seconds": 3600.0}
        report = EpochReport(epoch, 1_780_000_000_000 + 3_600_000 * epoch, metrics)
        append_report(folder.history, report)
    if epochs == config.training.epochs:
        folder.close(Status.COMPLETED)


def searched(folder: StudyFolder, epochs: Sequence[int]) -> None:
    study = load_study("small.yaml", set_values=[], name=None)
    values = study.space.resolve(next(iter(study.space.corners())))
    for number, done in enumerate(epochs):
        trial = folder.trial(f"t{number}")
        run(trial, load_trial(values), Phase.SEARCH, epochs=done, number=number)


def rows(said: str) -> dict[str, list[str]]:
    """First line of each row of the forecast, by phase."""
    table = said[said.index("Still to be done") :].splitlines()
    return {words[0]: words[1:] for line in table if (words := line.split())}


def test_what_is_left_of_a_study_that_was_interrupted(
    mdml_tune: Call, begun: Callable[..., StudyFolder]
) -> None:
    folder = begun("search.early_stopping=null")
    searched(folder, [4, 1])
    code, said, _ = mdml_tune("status", "small")
    assert code == 0
    assert said.startswith("small: not running\n")
    assert "  search    1 interrupted, 1 completed" in said
    left = rows(said)
    assert left["baselines"][:2] == ["0", "0"]
    assert left["search"][:2] == ["2", "7"]  # one to go on with, one to begin
    assert left["search"][2:4] == ["7", "h"]
    assert left["confirm"][:2] == ["2", "8"]
    assert "budget" not in said


def test_budgets_that_are_left(mdml_tune: Call, begun: Callable[..., StudyFolder]) -> None:
    settings = {
        "resources.gpus": 0.5,
        "budget.gpu_hours": 20,
        "budget.cost": 30,
        "budget.cost_per_gpu_hour": 2,
        "budget.wall_clock": 5,
        "search.early_stopping": "null",
    }
    folder = begun(*(f"{path}={value}" for path, value in settings.items()))
    searched(folder, [4, 1])
    _, said, _ = mdml_tune("status", "small")
    # Sixteen epochs of baselines and five of the search, each half a GPU-hour.
    assert "budget: GPU-hours: 10.5 of 20 used, 9.5 left" in said
    assert "budget: cost: 21 of 30 used, 9 left" in said
    assert "budget: 5 hours from the next start on" in said
    # Nine more epochs can be paid for, and the eight of the confirmation are kept back.
    assert "budget: the cost budget ends the search after about 0 of 2 trainings" in said
    with held(folder.path / "LOCK", "Study 'small'"):
        _, said, _ = mdml_tune("status", "small")
    assert "small: run by process" in said
    assert "search    1 running, 1 completed" in said
    assert "budget: hours since this start: 0 of 5 used, 5 left" in said


def test_before_the_first_epoch_of_the_search_nothing_is_guessed(
    mdml_tune: Call, begun: Callable[..., StudyFolder]
) -> None:
    begun()
    _, said, _ = mdml_tune("status", "small")
    assert "search: no epoch has been trained yet" in said
    assert "confirm: no epoch has been trained yet" in said
    assert "Nothing is left" not in said


def left_by(folder: StudyFolder, **said: object) -> None:
    """A start that has left this status."""
    left = StudyStatus(study="small", host="head", pid=42, started="a", updated="then", **said)  # pyright: ignore[reportArgumentType]
    write_status(folder.path / "status.json", left)


def test_how_the_last_start_ended(mdml_tune: Call, begun: Callable[..., StudyFolder]) -> None:
    folder = begun()

    def line() -> str:
        code, said, _ = mdml_tune("status", "small")
        assert code == 0
        return said.splitlines()[1].strip()

    assert line().startswith("baseline")  # a study of which no start has left a word
    left_by(folder)
    assert line() == (
        "last start: killed without a warning (process 42 on head, last seen then); the same command "
        "goes on from here"
    )
    left_by(folder, state=State.FAILED, exit_code=3, message="the head is gone", ended="now")
    assert line() == "last start: failed now, exit code 3: the head is gone"
    left_by(folder, state=State.SOME_FAILED, exit_code=4, ended="now")
    assert line() == "last start: some failed now, exit code 4"
    left_by(folder, state=State.DONE, exit_code=0, message="0.5 is best", ended="now")
    assert line() == "last start: done now, exit code 0: 0.5 is best"
    with held(folder.path / "LOCK", "Study 'small'"):
        assert line().startswith("baseline")  # of one that runs, the last is yet to end


def test_a_start_that_ends_while_it_is_asked_for_was_not_killed(
    mdml_tune: Call, begun: Callable[..., StudyFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = begun()
    left_by(folder)

    def ends_then(path: Path) -> StudyStatus | None:
        said = read_status(path)
        (folder.path / "LOCK").unlink()
        return said

    monkeypatch.setattr(status, "read_status", ends_then)
    with held(folder.path / "LOCK", "Study 'small'"):
        _, said, _ = mdml_tune("status", "small")
    assert said.startswith("small: run by process")
    assert "killed" not in said


def test_a_status_of_another_version_hides_nothing_else(
    mdml_tune: Call, begun: Callable[..., StudyFolder]
) -> None:
    folder = begun()
    (folder.path / "status.json").write_text('{"schema": 1, "mood": "fine"}')
    code, said, _ = mdml_tune("status", "small")
    assert code == 0
    assert "status.json is not a status that this version writes" in said.splitlines()[1]
    assert "baseline  4 completed" in said


def test_a_study_that_is_done(mdml_tune: Call, begun: Callable[..., StudyFolder]) -> None:
    folder = begun("confirm=null")
    searched(folder, [4, 4, 4])
    _, said, _ = mdml_tune("status", "small")
    assert "Nothing is left to be done." in said


def test_all_studies_are_listed_in_a_line_each(
    mdml_tune: Call, begun: Callable[..., StudyFolder], somewhere: Path
) -> None:
    assert mdml_tune("status")[1].startswith("No study in ")
    folder = begun()
    searched(folder, [4])
    other = Storage.at(str(somewhere / "mdml_runs")).study("other")
    other.open({}, (), {})
    _, said, _ = mdml_tune("status")
    small = next(line for line in said.splitlines() if line.startswith("small: "))
    assert small == (
        "small: not running; baseline 4 completed; search 1 completed; confirm none yet"
    )
    assert len(said.splitlines()) == 2


def test_a_study_of_another_version_is_shown_as_far_as_it_can_be_read(
    mdml_tune: Call, somewhere: Path
) -> None:
    folder = Storage.at(str(somewhere / "mdml_runs")).study("old")
    folder.open({"study": "old", "a setting of old": 1}, (), {})
    code, said, _ = mdml_tune("status", "old")
    assert code == 0
    assert "begun by another version" in said


def test_status_needs_neither_torch_nor_ray(
    process: Process, begun: Callable[..., StudyFolder], somewhere: Path
) -> None:
    searched(begun(), [4, 1])
    program = (
        "import sys\n"
        "from mdml_tune.cli.main import app\n"
        "app(['status', 'small'], standalone_mode=False)\n"
        "print([m for m in ('torch', 'ray', 'mlflow') if m in sys.modules])\n"
    )
    done = process(["-c", program], cwd=somewhere)
    assert done.returncode == 0, done.stderr
    assert "Still to be done" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
