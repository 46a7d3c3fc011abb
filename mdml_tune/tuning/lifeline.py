"""Ends a driver whose cluster has died, before Ray does.

Ray 2.60 ends the whole process, without a word of ours, once the head has not answered for a minute
(``gcs_rpc_server_reconnect_timeout_s``). Until then its calls may hang.
"""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

from mdml_tune.errors import UnavailableError

LOST_AFTER_S = 25.0
"""Without an answer of the head: a head that is restarted with its state needs less."""

PATIENCE_S = 10.0
"""For the main thread to end in order."""

_LOOKS_EVERY_S = 3.0
_NUMBER = signal.SIGUSR2

LastWord = Callable[[UnavailableError], None]


class ClusterLostError(UnavailableError):
    """The head of the cluster is gone."""


@contextmanager
def lifeline(address: str, last_word: LastWord) -> Generator[None]:
    """Raise in the main thread once the head at ``address`` is gone.

    Where that thread is caught in a call of Ray, which heeds no signal, the process ends here: with
    the message, with ``last_word``, and with the exit code of the error.

    Raises:
        ClusterLostError: It is.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # a signal reaches no other thread
        return
    over = threading.Event()
    watch = threading.Thread(
        target=_watch, args=(address, last_word, over), name="lifeline", daemon=True
    )

    def lost(*_: object) -> None:
        raise _error(address)

    before = signal.signal(_NUMBER, lost)
    watch.start()
    try:
        yield
    finally:
        over.set()
        signal.signal(_NUMBER, before)


def _error(address: str) -> ClusterLostError:
    return ClusterLostError(
        f"The head of the Ray cluster at {address} has not answered for {LOST_AFTER_S:.0f} s. "
        f"Nothing that was written is lost: bring the cluster up again (ray up), and the same command "
        f"goes on from there."
    )


def _watch(address: str, last_word: LastWord, over: threading.Event) -> None:
    answered = time.monotonic()
    while time.monotonic() - answered < LOST_AFTER_S:
        if over.wait(_LOOKS_EVERY_S):
            return
        if answers(address):
            answered = time.monotonic()
    signal.pthread_kill(threading.main_thread().ident or 0, _NUMBER)
    if not over.wait(PATIENCE_S):
        error = _error(address)
        last_word(error)
        sys.stderr.write(f"error: {error}\n")
        sys.stderr.flush()
        os._exit(error.exit_code)


def answers(address: str, patience: float = 5.0) -> bool:
    """Whether somebody listens at ``HOST:PORT``."""
    host, _, port = address.rpartition(":")
    with suppress(OSError), socket.create_connection((host.strip("[]"), int(port)), patience):
        return True
    return False
