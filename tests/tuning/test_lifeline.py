"""A driver whose head has gone silent ends in bounded time, with one message, and not for a pause."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

import mdml_tune
from mdml_tune.errors import UnavailableError
from mdml_tune.tuning.lifeline import ClusterLostError, Patience, answers, lifeline

QUICK = Patience(lost_after=0.3, ends_within=60.0, looks_every=0.02, answers_within=0.2)
LONG_S = 60.0
"""Longer than anything here takes."""


class Head:
    """What listens at an address, until it does not."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.callers: list[socket.socket] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def die(self) -> None:
        """Whoever calls is refused."""
        self.socket.close()

    def freeze(self) -> None:
        """Whoever calls hears nothing at all, as from a machine without power."""
        self.socket.listen(0)
        while True:
            caller = socket.socket()
            caller.settimeout(0.5)
            self.callers.append(caller)
            try:
                caller.connect(("127.0.0.1", self.port))
            except TimeoutError:
                return

    def revive(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", self.port))

    def close(self) -> None:
        for one in (self.socket, *self.callers):
            one.close()


@pytest.fixture
def head() -> Generator[Head]:
    found = Head()
    yield found
    found.close()


def watches() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "lifeline"]


def until(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONG_S
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def heard(_: UnavailableError) -> None:
    pytest.fail("the head was taken for lost")


def test_an_address_answers_while_somebody_listens(head: Head) -> None:
    assert answers(head.address, 5.0)
    head.freeze()
    began = time.monotonic()
    assert not answers(head.address, 0.1)
    assert time.monotonic() - began >= 0.1
    head.die()
    assert not answers(head.address, 5.0)


def test_an_address_may_be_of_the_sixth_version() -> None:
    try:
        server = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with server:
        assert answers(f"[::1]:{server.getsockname()[1]}", 5.0)


@pytest.mark.parametrize("silence", [Head.die, Head.freeze])
def test_the_main_thread_is_told_of_a_lost_head(
    head: Head, silence: Callable[[Head], None]
) -> None:
    before = signal.getsignal(signal.SIGUSR2)
    said = rf"at {head.address} has not answered for 0 s.*the same command goes on"
    words: list[UnavailableError] = []
    silence(head)
    with (
        pytest.raises(ClusterLostError, match=said) as raised,
        lifeline(head.address, words.append, QUICK),
    ):
        time.sleep(LONG_S)
    assert words == [raised.value]
    assert raised.value.exit_code == 3
    assert signal.getsignal(signal.SIGUSR2) is before
    until(lambda: not watches())


def test_a_head_that_answers_again_in_time_is_not_lost(head: Head) -> None:
    patient = Patience(LONG_S, ends_within=LONG_S, looks_every=0.01, answers_within=5.0)
    with lifeline(head.address, heard, patient):
        head.die()
        time.sleep(0.2)
        head.revive()
        head.socket.accept()[0].close()  # it asks again
        assert watches()
    until(lambda: not watches())


def test_silence_is_counted_from_the_last_answer(head: Head) -> None:
    died: list[float] = []

    def outlive() -> None:
        for _ in range(5 * int(QUICK.lost_after / QUICK.looks_every)):
            head.socket.accept()[0].close()
        head.die()
        died.append(time.monotonic())
        time.sleep(LONG_S)

    with pytest.raises(ClusterLostError), lifeline(head.address, lambda _: None, QUICK):
        outlive()
    assert time.monotonic() - died[0] >= QUICK.lost_after - 2 * QUICK.looks_every


def test_a_block_that_has_ended_gets_no_signal(head: Head) -> None:
    """Nor where its watch still waits for an answer: the signal would end the process."""
    came: list[int] = []
    before = signal.signal(signal.SIGUSR2, lambda number, _: came.append(number))
    try:
        head.freeze()
        with lifeline(head.address, heard, Patience(0.1, LONG_S, 0.01, answers_within=1.0)):
            time.sleep(0.3)  # it has asked, and waits
        assert watches()
        until(lambda: not watches())
        assert came == []
    finally:
        signal.signal(signal.SIGUSR2, before)


def test_another_thread_is_left_alone() -> None:
    seen: list[list[threading.Thread]] = []

    def work() -> None:
        with lifeline("127.0.0.1:1", heard, QUICK):
            seen.append(watches())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [[]]


CAUGHT = """
import signal, sys, time
from mdml_tune.tuning.lifeline import Patience, lifeline

def last_word(error):
    open("last_word", "w").write(str(error))
    if sys.argv[1] == "broken":
        raise OSError("a full disk")

signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})  # as deep inside a call of Ray
print("before", end="")
with lifeline("127.0.0.1:1", last_word, Patience(0.1, 0.1, 0.01, 1.0)):
    time.sleep(600)
"""


@pytest.mark.parametrize("last_word", ["well", "broken"])
def test_a_main_thread_that_heeds_nothing_ends_with_the_process(
    tmp_path: Path, last_word: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CAUGHT, last_word],
        cwd=tmp_path,
        env=os.environ
        | {"PYTHONPATH": str(Path(mdml_tune.__file__).parents[1]), "PYTHONUNBUFFERED": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=LONG_S,
    )
    assert done.returncode == 3
    said = (tmp_path / "last_word").read_text()
    assert said.startswith("The head of the Ray cluster at 127.0.0.1:1 has not answered")
    if last_word == "well":
        assert done.stdout == "before"
        assert done.stderr == f"error: {said}\n"


def test_all_of_it_together_is_quicker_than_ray() -> None:
    found = Patience()
    slowest = found.lost_after + found.looks_every + 2 * found.answers_within + found.ends_within
    assert slowest < 60
