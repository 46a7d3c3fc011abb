"""Studies in their storage: which there are, what they hold, in which order."""

import os
import pickle
from pathlib import Path

import pytest

from mdml_tune.errors import ConfigError, ReportError
from mdml_tune.records import Phase, TrialRecord
from mdml_tune.storage.studies import Storage, StudyFolder
from mdml_tune.tasks import Task


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage.at(str(tmp_path / "runs"))


def opened(storage: Storage, name: str) -> StudyFolder:
    study = storage.study(name)
    study.open({"study": name, "trials": 3}, [Task.DEPTH, Task.NORMALS], {"git": "abc"})
    return study


def add(study: StudyFolder, key: str, **fields: object) -> TrialRecord:
    record = TrialRecord(
        **{"trial_key": key, "config_id": "c0", "phase": Phase.SEARCH, "seed": 0, **fields}
    )
    study.trial(key).open(record)
    return record


def test_a_study_says_what_it_was_told(storage: Storage) -> None:
    study = opened(storage, "rooms")
    record = study.record()
    assert record.name == "rooms"
    assert record.tasks == (Task.DEPTH, Task.NORMALS)
    assert record.study == {"study": "rooms", "trials": 3}
    assert record.about == {"git": "abc"}
    assert record.trials == ()
    assert record.baselines == ()


def test_trials_come_in_the_order_of_their_start(storage: Storage) -> None:
    # Searched ones by number, not by key; then the finalists by configuration and seed.
    study = opened(storage, "rooms")
    confirm = {"phase": Phase.CONFIRM, "number": None}
    expected = [
        add(study, "t9", number=0),
        add(study, "t1", number=2),
        add(study, "t3", number=10),
        add(study, "t8", config_id="c1", seed=1000, **confirm),
        add(study, "t2", config_id="c1", seed=1001, **confirm),
        add(study, "t0", config_id="c2", seed=1000, **confirm),
    ]
    assert study.record().trials == tuple(expected)


def test_baselines_are_shared_by_content_and_named_by_the_study(storage: Storage) -> None:
    first, second = opened(storage, "first"), opened(storage, "second")
    records = {}
    for key in ("ta", "tb", "tc"):
        records[key] = TrialRecord(
            trial_key=key, config_id="c", phase=Phase.BASELINE, seed=0, method="depth"
        )
        storage.baseline(key).open(records[key])
    first.refer_to(["tb", "ta"])
    second.refer_to(["tb", "tc"])
    assert first.record().baselines == (records["tb"], records["ta"])
    assert second.record().baselines == (records["tb"], records["tc"])
    assert first.record().trials == ()


def test_a_baseline_named_but_not_started_is_left_out(storage: Storage) -> None:
    study = opened(storage, "rooms")
    study.refer_to(["never"])
    assert study.record().baselines == ()


def test_a_folder_in_the_making_is_not_a_trial(storage: Storage) -> None:
    study = opened(storage, "rooms")
    (study.path / "trials" / "t1" / "checkpoints").mkdir(parents=True)
    assert study.record().trials == ()


def test_studies_are_listed_the_newest_last(storage: Storage) -> None:
    assert storage.studies() == []
    for age, name in ((30, "b"), (20, "c"), (10, "a")):
        study = opened(storage, name)
        os.utime(study.path / "study.json", (1_000_000 - age, 1_000_000 - age))
    (storage.path / "studies" / "no-study").mkdir()
    assert storage.studies() == ["b", "c", "a"]


def test_an_unknown_study_is_answered_with_those_there_are(storage: Storage) -> None:
    opened(storage, "rooms")
    assert not storage.study("romos").exists()
    assert storage.study("rooms").exists()
    with pytest.raises(ReportError, match=r"no study 'romos' in .*studies there: rooms.*--storage"):
        storage.study("romos").record()


@pytest.mark.parametrize("name", ["a", "rooms_mdml", "2026-01.v2", "X" * 100])
def test_good_names(storage: Storage, name: str) -> None:
    assert storage.study(name).path == storage.path / "studies" / name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../up", "a/b", "a\\b", "-x", ".hidden", "a b", "a\n", "é", "X" * 101, "/abs"],
)
def test_a_name_that_is_no_folder_is_refused(storage: Storage, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be called"):
        storage.study(name)


@pytest.mark.parametrize("location", ["s3://bucket/runs", "gs://bucket", "file:///tmp/x"])
def test_an_object_store_is_refused_with_what_to_do(location: str) -> None:
    with pytest.raises(ConfigError, match="Give a folder") as caught:
        Storage.at(location)
    assert location in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301


def test_a_location_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Workers run in other folders.
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert Storage.at("runs").path == tmp_path / "runs"
    assert Storage.at("~/runs").path == tmp_path / "home" / "runs"


def test_a_study_is_over_until_somebody_goes_on_with_it(tmp_path: Path) -> None:
    folder = Storage(tmp_path).study("mine")
    folder.path.mkdir(parents=True)
    assert not folder.is_over()
    folder.note_end(over=True)
    assert folder.is_over()
    folder.note_end(over=False)
    folder.note_end(over=False)
    assert not folder.is_over()
