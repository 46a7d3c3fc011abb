"""The status of a start: from its first moment, in both places, to however it ends."""

import json
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from watching import record

from mdml_tune.errors import ConfigError, UnavailableError
from mdml_tune.records import Phase
from mdml_tune.storage.lock import held
from mdml_tune.storage.status import State, StudyStatus, read_status, write_status
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.tuning import reporting
from mdml_tune.tuning.events import Notice, PhaseStarted, TrialEnded
from mdml_tune.tuning.reporting import SOME_FAILED, exit_code_of, kept


def read(path: Path) -> StudyStatus:
    status = read_status(path)
    assert status is not None
    return status


def test_a_study_that_ends_well(folder: StudyFolder, tmp_path: Path) -> None:
    own, other = folder.path / "status.json", tmp_path / "elsewhere.json"
    with kept(other) as status:
        assert read(other).state is State.RUNNING
        assert read(other).study is None
        assert not folder.path.exists()
        with held(folder.path / "LOCK", "it") as lease, status.inside(folder, lease):
            assert read(own) == read(other)
            observe = status.watching(lambda _: None)
            observe(PhaseStarted(Phase.SEARCH, 24, 3))
            now = read(own)
            assert (now.study, now.phase, now.done, now.total) == ("small", "search", 3, 24)
            observe(TrialEnded(record(1, 0.5)))
            status.end(SOME_FAILED, "one failed")
    for path in (own, other):
        ended = read(path)
        assert (ended.state, ended.exit_code, ended.message) == (State.SOME_FAILED, 4, "one failed")
        assert ended.done == 4
        assert ended.ended is not None


def test_events_are_passed_on_and_written_now_and_then(
    folder: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []
    with kept() as status, held(folder.path / "LOCK", "it") as lease, status.inside(folder, lease):
        observe = status.watching(seen.append)
        observe(PhaseStarted(Phase.SEARCH, 9, 0))
        for number in range(5):
            observe(TrialEnded(record(number, 0.5)))
        assert read(folder.path / "status.json").done == 0  # too soon to write again
        monkeypatch.setattr(reporting, "RENEWED_EVERY", 0.0)
        observe(Notice("time has passed"))
        assert read(folder.path / "status.json").done == 5
    assert len(seen) == 7


@pytest.mark.parametrize(
    ("error", "state", "code", "message"),
    [
        (UnavailableError("no GPU"), State.FAILED, 3, "no GPU"),
        (ConfigError("misspelt"), State.FAILED, 2, "misspelt"),
        (KeyboardInterrupt(), State.INTERRUPTED, 130, "goes on from here"),
        (OSError(28, "No space left on device", "/mnt/x"), State.FAILED, 3, "No space left"),
        (ZeroDivisionError("division by zero"), State.FAILED, 1, "ZeroDivisionError: division"),
    ],
)  # fmt: skip
def test_whatever_ends_it_is_said_in_both_places(
    folder: StudyFolder, tmp_path: Path, error: BaseException, state: State, code: int, message: str
) -> None:
    elsewhere = tmp_path / "elsewhere.json"
    with (
        pytest.raises(type(error)),
        kept(elsewhere) as status,
        held(folder.path / "LOCK", "it") as lease,
        status.inside(folder, lease),
    ):
        raise error
    for path in (folder.path / "status.json", elsewhere):
        ended = read(path)
        assert (ended.state, ended.exit_code) == (state, code)
        assert message in ended.message
    assert exit_code_of(error) == code


def test_a_refused_study_leaves_nothing_but_what_was_asked_for(
    folder: StudyFolder, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError), kept():
        raise ConfigError("misspelt")
    with pytest.raises(ConfigError), kept(tmp_path / "s.json"):
        raise ConfigError("misspelt")
    assert read(tmp_path / "s.json").message == "misspelt"
    assert not folder.storage.path.exists()


def test_whoever_was_taken_over_leaves_the_others_status_alone(
    folder: StudyFolder, tmp_path: Path
) -> None:
    own = folder.path / "status.json"
    with kept(tmp_path / "s.json") as status:
        with held(folder.path / "LOCK", "it") as lease, status.inside(folder, lease):
            lock = folder.path / "LOCK"
            lock.write_text(json.dumps({**json.loads(lock.read_text()), "token": "another"}))
            own.write_text("the other's")
            status.end(0)
        assert own.read_text() == "the other's"
    assert read(tmp_path / "s.json").state is State.DONE


def test_a_file_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnavailableError, match=r"--status-file .*File exists"), kept(tmp_path / "file/s"):  # fmt: skip
        pytest.fail("nobody would know how it ends")


def test_the_file_of_a_start_that_still_runs_is_left_to_it(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    program = [sys.executable, "-c", "input()", "--status-file", str(path)]
    with subprocess.Popen(program, stdin=subprocess.PIPE) as other:
        running = StudyStatus(study="small", host=socket.gethostname(), pid=other.pid)
        write_status(path, running)
        with pytest.raises(UnavailableError, match=rf"process {other.pid} .*mdml-tune stop"), kept(path):  # fmt: skip
            pytest.fail("two would write it")
        assert read(path) == running
        for mine in (
            replace(running, state=State.FAILED),
            replace(running, host="another"),
            replace(running, pid=1),  # lives, but knows nothing of the file
        ):
            write_status(path, mine)
            with kept(path):
                assert read(path).pid != mine.pid
    write_status(path, running)
    with kept(path):  # whoever has ended is followed
        assert read(path).pid != running.pid
    path.write_text("not ours")
    with kept(path):
        assert read(path).state is State.RUNNING


def test_a_disk_that_fills_up_later_ends_no_study(tmp_path: Path) -> None:
    with kept(tmp_path / "s/s.json") as status:
        (tmp_path / "s/s.json").unlink()
        (tmp_path / "s").rmdir()
        (tmp_path / "s").touch()
        status.write()
