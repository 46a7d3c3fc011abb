"""Ends a driver whose cluster has died, before Ray does.

Ray 2.60 ends the whole process, without a word of ours, once the head has not answered for a minute
(``gcs_rpc_server_reconnect_timeout_s``). Until then its calls may hang; where the raylet of the
driver's own host is gone and the head lives, they hang for ever.
"""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TextIO

import ray

from mdml_tune.errors import UnavailableError

_NUMBER = signal.SIGUSR2

LastWord = Callable[[UnavailableError], None]


class ClusterLostError(UnavailableError):
    """The head of the cluster is gone, or what ties this host to it."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds; all together less than Ray's minute."""

    lost_after: float = 25.0
    """Without an answer: a head that is restarted with its state needs less."""
    ends_within: float = 10.0
    """For the main thread to end in order."""
    looks_every: float = 3.0
    answers_within: float = 5.0


@contextmanager
def lifeline(address: str, last_word: LastWord, patience: Patience = Patience()) -> Generator[None]:
    """Raise in the main thread once the head at ``address`` is gone, or the raylet of this host.

    Where that thread is caught in a call of Ray, which heeds no signal, the process ends here: with
    the message and with the exit code of the error.

    Args:
        address: ``HOST:PORT``.
        last_word: Told of the error, as soon as it is known.
        patience: How long to wait for what.

    Raises:
        ClusterLostError: It is.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # a signal reaches no other thread
        return
    watch = _Watch(_needed(address), last_word, patience)
    before = signal.signal(_NUMBER, watch.lost)
    threading.Thread(target=watch.run, name="lifeline", daemon=True).start()
    try:
        yield
    except ClusterLostError as error:
        last_word(error)  # Ray may end the process before all the rest is done
        raise
    finally:
        watch.end()
        signal.signal(_NUMBER, before)


@dataclass(frozen=True, slots=True)
class _Watch:
    needed: Mapping[str, str]
    """What has to answer, and its address."""
    last_word: LastWord
    patience: Patience
    _silent: list[str] = field(default_factory=list[str])
    """What has not answered at the last look."""
    _over: threading.Event = field(default_factory=threading.Event)
    _ending: threading.Lock = field(default_factory=threading.Lock)
    """Held while the signal is sent: to a block that has ended it would end the process."""

    def run(self) -> None:
        """In a thread of its own, until the block is over or the head is lost."""
        answered = time.monotonic()
        while not self._over.wait(self.patience.looks_every):
            self._silent[:] = [
                what
                for what, address in self.needed.items()
                if not answers(address, self.patience.answers_within)
            ]
            if not self._silent:
                answered = time.monotonic()
            elif time.monotonic() - answered >= self.patience.lost_after:
                break
        with self._ending:
            if self._over.is_set():
                return
            signal.pthread_kill(threading.main_thread().ident or 0, _NUMBER)
        if not self._over.wait(self.patience.ends_within):
            self._end_process()

    def lost(self, *_: object) -> None:
        """In the main thread: the signal has come."""
        if not self._over.is_set():
            raise self._error()

    def end(self) -> None:
        """The block is over; nothing comes after this."""
        with self._ending:
            self._over.set()

    def _end_process(self) -> None:
        error = self._error()
        try:
            self.last_word(error)
            _write(sys.stdout, "")
            _write(sys.stderr, f"error: {error}\n")
        finally:
            os._exit(error.exit_code)

    def _error(self) -> ClusterLostError:
        return ClusterLostError(
            f"{self._silent[0]} has not answered for {self.patience.lost_after:.0f} s. Nothing that "
            f"was written is lost: bring the cluster up again (ray up), and the same command goes on "
            f"from there."
        )


def _needed(head: str) -> dict[str, str]:
    """What a driver cannot do without, and the addresses; outside a session of Ray the head alone."""
    needed = {f"The head of the Ray cluster at {head}": head}
    if ray.is_initialized():
        here = ray.get_runtime_context().get_node_id()
        [node] = [node for node in ray.nodes() if node["NodeID"] == here]
        raylet = f"{node['NodeManagerAddress']}:{node['NodeManagerPort']}"
        needed["The raylet of this host, its tie to the Ray cluster,"] = raylet
    return needed


def _write(stream: TextIO, text: str) -> None:
    """All that was said before, too; nobody may be there to hear it."""
    with suppress(OSError, ValueError):
        stream.write(text)
        stream.flush()


def answers(address: str, patience: float) -> bool:
    """Whether somebody listens at ``HOST:PORT``, within so many seconds."""
    host, _, port = address.rpartition(":")
    with suppress(OSError), socket.create_connection((host.strip("[]"), int(port)), patience):
        return True
    return False
