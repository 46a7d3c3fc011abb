"""Deaths are counted where a trial caused them, and a crash leaves its stacks."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mdml_tune.records import Phase, Status, TrialRecord
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tuning.attempts import (
    attempt_on,
    begin_anew,
    end_stalled,
    forget_deaths,
    note_death,
    signed,
)

SESSION = "01000000"


@pytest.fixture
def folder(tmp_path: Path) -> TrialFolder:
    found = TrialFolder(tmp_path / "t1")
    found.open(TrialRecord(trial_key="t1", config_id="c1", phase=Phase.SEARCH, seed=0))
    return found


def work_and_die(folder: TrialFolder, node: str, death: str) -> None:
    """A worker that signs, and then ends as ``death`` says."""
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from mdml_tune.storage.trials import TrialFolder\n"
        "from mdml_tune.tuning.attempts import signed\n"
        "def deep_inside():\n"
        f"    {death}\n"
        "with signed(TrialFolder(Path(sys.argv[1])), sys.argv[2], sys.argv[3]):\n"
        "    deep_inside()\n"
    )
    arguments = [sys.executable, "-c", program, str(folder.path), node, SESSION]
    subprocess.run(arguments, check=False, capture_output=True, timeout=60)


def test_a_trial_that_kills_its_process_ends_after_its_retries(folder: TrialFolder) -> None:
    for attempt in (1, 2):
        work_and_die(folder, "n1", "os.kill(os.getpid(), signal.SIGSEGV)")
        said = note_death(folder, SESSION, "actor died", alive={"n1"}, retries=2)
        assert f"attempt {attempt + 1} of 3" in said
        assert not folder.is_closed()
    work_and_die(folder, "n1", "os.kill(os.getpid(), signal.SIGSEGV)")
    assert "given up" in note_death(folder, SESSION, "actor died", alive={"n1"}, retries=2)
    record = folder.record()
    assert record.status is Status.FAILED
    assert record.crashed
    assert record.failure.startswith("crashed: its process died 3 times")
    assert "deep_inside" in record.failure  # the stack that the signal left
    assert note_death(folder, SESSION, "again", alive={"n1"}, retries=2) is None


def test_what_a_lost_node_took_with_it_does_not_count(folder: TrialFolder) -> None:
    for _ in range(10):
        with signed(folder, "gone", SESSION):
            pass
        assert note_death(folder, SESSION, "node died", alive={"n1"}, retries=0) is None
    assert not folder.is_closed()
    with signed(folder, "n1", SESSION):
        pass
    assert "given up" in note_death(folder, SESSION, "actor died", alive={"n1"}, retries=0)


def test_an_attempt_of_another_session_is_nobodys(folder: TrialFolder) -> None:
    with signed(folder, "n1", "of another driver"):
        assert attempt_on(folder, SESSION) is None
        assert attempt_on(folder, "of another driver").pid == os.getpid()


def test_before_a_worker_is_sent_nobody_is_at_work(folder: TrialFolder) -> None:
    with signed(folder, "n1", "of another driver"):
        begin_anew(folder, SESSION)  # of a baseline that another study trains
        assert attempt_on(folder, "of another driver") is not None
    with signed(folder, "n1", SESSION):
        begin_anew(folder, SESSION)
        assert attempt_on(folder, SESSION) is None


def test_a_trial_can_be_granted_its_attempts_again(folder: TrialFolder) -> None:
    with signed(folder, "n1", SESSION):
        pass
    assert "attempt 2 of 2" in note_death(folder, SESSION, "x", alive={"n1"}, retries=1)
    forget_deaths(folder)
    assert "attempt 2 of 2" in note_death(folder, SESSION, "x", alive={"n1"}, retries=1)


def test_a_stalled_trial_says_where_it_stood(folder: TrialFolder) -> None:
    work_and_die(
        folder, "n1", "os.kill(os.getpid(), signal.SIGUSR1); os.kill(os.getpid(), signal.SIGKILL)"
    )
    end_stalled(folder, 60)
    record = folder.record()
    assert record.failure.startswith("stalled: no epoch for 60 s (resources.stall_timeout)")
    assert "deep_inside" in record.failure


def test_who_ends_well_leaves_no_log(folder: TrialFolder) -> None:
    with signed(folder, "n1", SESSION):
        assert signal.getsignal(signal.SIGUSR1) is not None
    assert not (folder.path / "crash.log").exists()
