"""What lies in a storage, found without knowing whose it is."""

import os
import time
from pathlib import Path

import pytest

from mdml_tune.errors import ReportError
from mdml_tune.records import EpochReport, Phase, Status, TrialRecord
from mdml_tune.storage.history import rewrite_history
from mdml_tune.storage.inventory import (
    dead_locks,
    empty_trash,
    find_trial,
    kept_baselines,
    references,
    set_aside,
    set_aside_before,
    size_of,
)
from mdml_tune.storage.lock import held
from mdml_tune.storage.studies import Storage, StudyFolder
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tasks import Task

DEAD = '{"host": "elsewhere", "pid": 1, "started": "1", "since": "then", "token": "x"}'


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path)


def study(storage: Storage, name: str, baselines: tuple[str, ...] = ()) -> StudyFolder:
    folder = storage.study(name)
    folder.open({"study": name}, [Task.DEPTH], {})
    folder.refer_to(baselines)
    later = time.time() + len(storage.studies())
    os.utime(folder.path / "study.json", (later, later))
    return folder


def trial(folder: TrialFolder, epochs: int = 0, **who: object) -> TrialFolder:
    settings = {"config_id": "c1", "phase": Phase.SEARCH, "seed": 0} | who
    folder.open(TrialRecord(trial_key=folder.path.name, **settings))
    rewrite_history(folder.history, [EpochReport(e, 1, {"x": 1.0}) for e in range(1, epochs + 1)])
    return folder


def test_a_trial_is_found_by_the_beginning_of_its_key(storage: Storage) -> None:
    one = trial(study(storage, "a").trial("t12ab"))
    trial(study(storage, "b").trial("t12cd"))
    found = find_trial(storage, "t12a")
    assert (found.folder, found.study, found.also_in) == (one, "a", ())
    for key, said in (("t12", "t12ab, t12cd"), ("t9", "no trial t9"), ("", "no trial without a key"), ("t12ax", "did you mean t12ab?")):  # fmt: skip
        with pytest.raises(ReportError, match=said.replace("?", r"\?")):
            find_trial(storage, key)


def test_a_key_that_begins_another_is_found(storage: Storage) -> None:
    folder = study(storage, "a")
    short = trial(folder.trial("t1"))
    trial(folder.trial("t12"))
    assert find_trial(storage, "t1").folder == short


def test_of_equal_trials_the_one_that_came_farthest(storage: Storage) -> None:
    trial(study(storage, "a").trial("t1"), epochs=1)
    trial(study(storage, "b").trial("t1"), epochs=3)
    trial(study(storage, "c").trial("t1"), epochs=2)
    found = find_trial(storage, "t1")
    assert (found.study, found.also_in) == ("b", ("a", "c"))
    storage.study("c").trial("t1").close(Status.COMPLETED)
    assert find_trial(storage, "t1").study == "c"


def test_a_baseline_belongs_to_the_newest_study_that_refers_to_it(storage: Storage) -> None:
    base = trial(storage.baseline("t1"), phase=Phase.BASELINE)
    assert find_trial(storage, "t1").study is None
    study(storage, "old", ("t1",))
    study(storage, "new", ("t1",))
    found = find_trial(storage, "t1")
    assert (found.folder, found.study, found.also_in) == (base, "new", ("old",))


def test_who_needs_which_baseline(storage: Storage) -> None:
    study(storage, "a", ("t1", "t2"))
    study(storage, "b", ("t2",))
    study(storage, "gone", ("t3",))
    (storage.path / "archive").mkdir()
    storage.study("gone").path.rename(storage.path / "archive" / "gone-2026")
    assert references(storage) == {"t1": ("a",), "t2": ("a", "b"), "t3": ("archive/gone-2026",)}


def test_how_baselines_stand(storage: Storage) -> None:
    for key, method, seed in (("t1", "normals", 0), ("t2", "depth", 1), ("t3", "depth", 0)):
        trial(storage.baseline(key), 1, phase=Phase.BASELINE, method=method, seed=seed)
    storage.baseline("t1").close(Status.COMPLETED)
    study(storage, "a", ("t1",))
    with held(storage.baseline("t2").path / "LOCK", "it"):
        third, second, first = kept_baselines(storage)
    assert [k.record.trial_key for k in (third, second, first)] == ["t3", "t2", "t1"]
    assert first.standing == "completed"
    assert f"being trained by process {os.getpid()}" in second.standing
    assert third.standing == "interrupted"
    assert [k.is_needed for k in (first, second, third)] == [True, True, False]
    assert third.nbytes == size_of(third.folder.path) > 0
    assert abs(third.modified - time.time()) < 60


def test_only_locks_of_the_dead_are_dead(storage: Storage) -> None:
    folder = study(storage, "a")
    place = trial(folder.trial("t1")).path / "LOCK"
    place.write_text(DEAD)
    assert dead_locks(storage) == []  # it was renewed just now
    os.utime(place, (1, 1))
    with held(folder.path / "LOCK", "the study"):
        assert dead_locks(storage) == [place]
    with held(place, "the trial"):
        assert dead_locks(storage) == []
    assert dead_locks(storage) == []


def test_what_is_set_aside_has_no_name_and_goes_with_the_next_sweep(storage: Storage) -> None:
    folder = study(storage, "a")
    trial(folder.trial("t1"))
    set_aside(storage, folder.path)
    assert storage.studies() == []
    assert not folder.path.exists()
    with pytest.raises(ReportError):
        find_trial(storage, "t1")
    assert len(set_aside_before(storage)) == 1  # interrupted here, the bytes are still there
    again = study(storage, "a")
    set_aside(storage, again.path)
    empty_trash(storage)
    assert list(storage.path.iterdir()) == [storage.path / "studies"]
    empty_trash(storage)  # nothing to do


def test_the_size_of_a_folder_is_that_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below/a").write_bytes(b"123")
    (tmp_path / "b").write_bytes(b"12")
    assert size_of(tmp_path) == 5
