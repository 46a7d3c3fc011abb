"""Which baselines are kept, and which may go."""

from pathlib import Path

import pytest
from commands import run

from mdml_tune.cli.amounts import age_text, size_text
from mdml_tune.cli.baselines import baselines
from mdml_tune.records import EpochReport, Phase, Status, TrialRecord
from mdml_tune.storage.history import append_report
from mdml_tune.storage.inventory import size_of
from mdml_tune.storage.lock import held
from mdml_tune.storage.studies import Storage
from mdml_tune.tasks import Task

CONFIG = {"network": {"kind": "unet"}, "data": {"dataset": "rooms"}, "training": {"epochs": 4}}


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    """Two that a study needs, and two that none does."""
    storage = Storage(tmp_path / "mdml_runs")
    for key in ("t1", "t2", "t3", "t4"):
        folder = storage.baseline(key)
        record = TrialRecord(
            trial_key=key, config_id="c", phase=Phase.BASELINE, seed=0, method="depth",
            config=CONFIG,
        )  # fmt: skip
        folder.open(record)
        append_report(folder.history, EpochReport(1, 1, {"train/loss": 1.0}))
        folder.close(Status.COMPLETED)
    storage.baseline("t2").close(Status.FAILED, failure="diverged")
    storage.baseline("t4").reopen()
    study = storage.study("small")
    study.open({"study": "small"}, [Task.DEPTH], {})
    study.refer_to(["t1", "t2"])
    return storage


def test_all_are_listed_with_how_they_stand(storage: Storage) -> None:
    with held(storage.baseline("t3").path / "LOCK", "it"):
        code, said = run(baselines, "--list")
        total = size_text(size_of(storage.path / "baselines"))
    assert code == 0, said
    rows = {line.split()[0]: line for line in said.splitlines() if line.strip().startswith("t")}
    for key, expected in (
        ("t1", ["depth", "unet", "rooms", "1/4", "completed", "now", "small"]),
        ("t2", ["failed", "small"]),
        ("t3", ["being trained by process", "none"]),
        ("t4", ["interrupted", "none"]),
    ):
        assert all(word in rows[key] for word in expected), rows[key]
    unneeded = size_text(size_of(storage.baseline("t4").path))  # what is trained will be needed
    assert f"4 baselines, {total}; {unneeded} are needed by no study" in said


def test_only_what_nobody_needs_is_pruned(storage: Storage) -> None:
    with held(storage.baseline("t3").path / "LOCK", "it"):
        code, said = run(baselines, "--prune", "--yes")
    assert code == 0, said
    assert "Deleted 1 baselines" in said
    assert there(storage) == {"t1", "t2", "t3"}
    assert run(baselines, "--prune", "--yes")[0] == 0
    assert there(storage) == {"t1", "t2"}
    code, said = run(baselines, "--prune", "--yes")
    assert code == 0
    assert "is needed" in said


def test_pruning_asks_first(storage: Storage) -> None:
    code, said = run(baselines, "--prune")
    assert code == 2
    assert "Delete 2 baselines (" in said
    assert "--yes" in said
    assert "t3" in said
    assert "t1" not in said
    assert there(storage) == {"t1", "t2", "t3", "t4"}


def test_what_a_study_comes_to_need_meanwhile_stays(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def consent(*_: object, **__: object) -> None:
        storage.study("small").refer_to(["t1", "t2", "t3"])

    monkeypatch.setattr("mdml_tune.cli.keeping.require_consent", consent)
    code, said = run(baselines, "--prune")
    assert code == 0
    assert "Deleted 1 baselines" in said
    assert there(storage) == {"t1", "t2", "t3"}


def test_an_empty_storage_says_so(tmp_path: Path) -> None:
    code, said = run(baselines, "--list", "--storage", str(tmp_path / "none"))
    assert code == 0
    assert "No baseline in" in said
    assert not (tmp_path / "none").exists()


def there(storage: Storage) -> set[str]:
    return {path.name for path in (storage.path / "baselines").iterdir()}


def test_amounts_as_a_person_reads_them() -> None:
    assert [size_text(n) for n in (0, 999, 1000, 1_500_000, 2e15)] == ["0 B", "999 B", "1.0 kB", "1.5 MB", "2000.0 TB"]  # fmt: skip
    assert [age_text(s) for s in (0, 59, 60, 7200, 172_800)] == ["now", "now", "1 min", "2 h", "2 d"]  # fmt: skip
