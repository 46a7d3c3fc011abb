"""One writer at a time, whatever dies in between."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mdml_tune.errors import UnavailableError
from mdml_tune.storage import lock
from mdml_tune.storage.lock import EXPIRES_AFTER, LostLockError, held, holder_of


def leave_behind(path: Path, *, host: str, pid: int, started: str = "1") -> None:
    holder = {"host": host, "pid": pid, "started": started, "since": "long ago", "token": "x"}
    path.write_text(json.dumps(holder))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "LOCK"


def test_the_second_is_refused_and_told_who_holds_it(path: Path) -> None:
    with held(path, "Study 'mine'"):
        with (
            pytest.raises(UnavailableError, match=rf"Study 'mine' is already .* {os.getpid()} on"),
            held(path, "Study 'mine'"),
        ):
            pytest.fail("two holders")
        assert holder_of(path) is not None
    assert holder_of(path) is None
    assert list(path.parent.glob("LOCK*")) == []


def test_a_dead_holder_on_this_machine_is_followed_at_once(path: Path) -> None:
    leave_behind(path, host=socket.gethostname(), pid=os.getpid())  # the id lives, the process not
    assert holder_of(path) is None
    with held(path, "it"):
        assert holder_of(path).pid == os.getpid()


def test_a_holder_on_another_machine_counts_as_dead_when_it_stops_renewing(path: Path) -> None:
    leave_behind(path, host="elsewhere", pid=1)
    assert holder_of(path) is not None
    long_ago = time.time() - EXPIRES_AFTER - 1
    os.utime(path, (long_ago, long_ago))
    with held(path, "it"):
        pass


def test_a_damaged_lock_expires_too(path: Path) -> None:
    path.write_text("{")
    with pytest.raises(UnavailableError, match="unknown"), held(path, "it"):
        pytest.fail("it may still be held")
    os.utime(path, (0, 0))
    with held(path, "it"):
        pass


def test_a_holder_renews(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "RENEWED_EVERY", 0.01)
    with held(path, "it"):
        os.utime(path, (0, 0))
        deadline = time.monotonic() + 5
        while path.stat().st_mtime == 0:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_a_holder_that_was_followed_finds_out_before_it_writes(path: Path) -> None:
    with held(path, "Trial t1") as lease:
        lease.check()
        leave_behind(path, host="elsewhere", pid=7)  # frozen for long, and taken for dead
        with pytest.raises(
            LostLockError, match=r"Trial t1 was taken over: .* process 7 on elsewhere"
        ):
            lease.check()
    assert holder_of(path).host == "elsewhere"  # and it leaves the new holder's lock alone
    path.unlink()
    with held(path, "Trial t1") as lease:
        path.unlink()
        with pytest.raises(LostLockError, match="held by nobody"):
            lease.check()


def test_the_refusal_says_how_to_take_over(path: Path) -> None:
    leave_behind(path, host="elsewhere", pid=7)
    with (
        pytest.raises(UnavailableError, match=r"takes over by itself: .*60 s after"),
        held(path, "it"),
    ):
        pytest.fail("it may still be held")


def test_many_that_find_a_dead_holder_still_take_turns(path: Path) -> None:
    leave_behind(path, host=socket.gethostname(), pid=2**22, started="gone")
    program = (
        "import sys, time; from pathlib import Path; from mdml_tune.storage import lock\n"
        "lock.LOOKS_EVERY = 0.001\n"
        "path = Path(sys.argv[1]); busy = path.with_name('busy')\n"
        "for _ in range(5):\n"
        "    with lock.held(path, 'it', patience=None):\n"
        "        busy.touch(exist_ok=False)\n"
        "        time.sleep(0.002)\n"
        "        busy.unlink()\n"
    )
    crowd = [subprocess.Popen([sys.executable, "-c", program, str(path)]) for _ in range(6)]
    assert [one.wait(timeout=60) for one in crowd] == [0] * 6
