"""What a study has spent: epochs of its own trials, and of the baselines it had to train."""

import os
import time
from collections.abc import Callable, Mapping

import pytest

from mdml_tune.records import EpochReport, Phase, Status, TrialRecord
from mdml_tune.spaces.plan import Budget
from mdml_tune.storage.history import append_report, read_history
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tasks import Task
from mdml_tune.tuning.spending import Ledger, Spending, exhausted, spent

BEGAN = 1_800_000_000
"""Unix time at which the study was started."""


@pytest.fixture
def began(folder: StudyFolder) -> StudyFolder:
    started = time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(BEGAN))
    folder.open({}, [Task.DEPTH], {"started": started})
    folder.refer_to(["found", "trained"])
    return folder


@pytest.fixture
def report() -> Callable[..., None]:
    def append(folder: TrialFolder, epoch: int, *, at: float, **costs: float) -> None:
        metrics = {f"time/{name}": value for name, value in costs.items()}
        append_report(folder.history, EpochReport(epoch, int(at * 1000), metrics))

    return append


def opened(folder: TrialFolder, *, cpus: float = 1.0, gpus: float = 0.0) -> TrialFolder:
    record = TrialRecord(
        trial_key=folder.path.name, config_id="c", phase=Phase.SEARCH, seed=0, cpus=cpus, gpus=gpus
    )
    folder.open(record)
    return folder


def test_a_gpu_hour_is_an_hour_of_epochs_on_one_gpu(
    began: StudyFolder, report: Callable[..., None]
) -> None:
    trial = opened(began.trial("t1"), gpus=0.5)
    for epoch in (1, 2):
        report(trial, epoch, at=BEGAN + 3600 * epoch, epoch_seconds=3600, process_seconds=7200)
    found = Ledger(began, price=3.0).spending()
    assert (found.epochs, found.gpu_hours, found.cpu_hours, found.cost) == (2, 1.0, 4.0, 3.0)


def test_cpu_hours_that_nobody_counted_are_those_that_were_held(
    began: StudyFolder, report: Callable[..., None]
) -> None:
    report(opened(began.trial("t1"), cpus=4), 1, at=BEGAN + 3600, epoch_seconds=1800)
    assert Ledger(began).spending().cpu_hours == 2.0


def test_baselines_that_were_found_cost_nothing(
    began: StudyFolder, report: Callable[..., None]
) -> None:
    # The first epoch of one began a second before the study, that of the other with it.
    for key, second in (("found", 9), ("trained", 10)):
        folder = opened(began.storage.baseline(key), gpus=1)
        report(folder, 1, at=BEGAN + second, epoch_seconds=10)
        report(folder, 2, at=BEGAN + second + 10, epoch_seconds=10)
    assert Ledger(began).spending().epochs == 2
    assert spent(began.record()).epochs == 2


def test_what_a_copy_has_inherited_is_the_donors(
    began: StudyFolder, report: Callable[..., None]
) -> None:
    copy = opened(began.trial("t2"), gpus=1)
    report(copy, 1, at=BEGAN + 5, epoch_seconds=0)
    report(copy, 2, at=BEGAN + 9, epoch_seconds=36)
    assert Ledger(began).spending().gpu_hours == pytest.approx(0.01)
    assert Ledger(began).spending().epochs == 1


def test_the_ledger_says_what_the_records_say_at_any_time(
    began: StudyFolder, report: Callable[..., None]
) -> None:
    ledger = Ledger(began, price=2.0)
    for number in range(3):
        trial = opened(began.trial(f"t{number}"), gpus=1)
        for epoch in (1, 2):
            report(trial, epoch, at=BEGAN + 60 * epoch, epoch_seconds=30, process_seconds=7)
            found = ledger.spending()
            assert found == spent(began.record(), price=2.0, wall_hours=found.wall_hours)
            assert found.epochs == 2 * number + epoch
        trial.close(Status.COMPLETED)


def test_histories_that_stand_still_are_not_read_again(
    began: StudyFolder, report: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    still, growing = opened(began.trial("t1")), opened(began.trial("t2"))
    for trial in (still, growing):
        report(trial, 1, at=BEGAN + 1, epoch_seconds=1)
    ledger = Ledger(began)
    ledger.spending()
    read: list[str] = []
    record = TrialFolder.record

    def noted(folder: TrialFolder) -> TrialRecord | None:
        read.append(folder.path.name)
        return record(folder)

    monkeypatch.setattr(TrialFolder, "record", noted)
    report(growing, 2, at=BEGAN + 2, epoch_seconds=1)
    assert ledger.spending().epochs == 3
    assert read == ["t2"]


def test_a_history_that_was_cut_back_counts_as_it_stands(
    began: StudyFolder, report: Callable[..., None]
) -> None:
    trial = opened(began.trial("t1"))
    for epoch in (1, 2, 3):
        report(trial, epoch, at=BEGAN + epoch, epoch_seconds=1)
    ledger = Ledger(began)
    assert ledger.spending().epochs == 3
    lines = trial.history.read_bytes().splitlines(keepends=True)
    trial.history.write_bytes(lines[0])
    os.utime(trial.history, ns=(1, 1))
    assert ledger.spending().epochs == len(read_history(trial.history)) == 1


NOTHING = Spending(epochs=0, gpu_hours=0.0, cpu_hours=0.0, cost=0.0, wall_hours=None)


@pytest.mark.parametrize(
    ("budget", "used", "said"),
    [
        ({}, {"gpu_hours": 1e9, "wall_hours": 1e9, "cost": 1e9}, None),
        ({"gpu_hours": 2}, {"gpu_hours": 1.99}, None),
        ({"gpu_hours": 2}, {"gpu_hours": 2.0}, "2 of 2 GPU-hours are used"),
        ({"wall_clock": 1.5}, {"wall_hours": 1.49}, None),
        ({"wall_clock": 1.5}, {"wall_hours": None}, None),
        ({"wall_clock": 1.5}, {"wall_hours": 1.5}, "the time budget of 90 min is used up"),
        ({"wall_clock": 0.0125}, {"wall_hours": 2}, "the time budget of 45 s is used up"),
        ({"wall_clock": 36}, {"wall_hours": 36}, "the time budget of 36 h is used up"),
        ({"cost": 40}, {"cost": 39.9}, None),
        ({"cost": 40}, {"cost": 41.25}, "41.25 of the budget of 40 is spent"),
    ],
)
def test_a_budget_is_exhausted_when_all_of_it_is_spent(
    budget: Mapping[str, float], used: Mapping[str, float], said: str | None
) -> None:
    values = {name: getattr(NOTHING, name) for name in Spending.__slots__} | used
    assert exhausted(Budget(**budget), Spending(**values)) == said


def test_wall_hours_count_from_this_start(folder: StudyFolder) -> None:
    folder.open({}, [Task.DEPTH], {})
    ledger = Ledger(folder, started=time.monotonic() - 1800)
    assert ledger.spending().wall_hours == pytest.approx(0.5, abs=0.01)
