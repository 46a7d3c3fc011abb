"""One writer at a time: a file that says who holds it, renewed while its holder lives."""

import fcntl
import json
import logging
import math
import os
import socket
import threading
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mdml_tune.errors import UnavailableError

logger = logging.getLogger(__name__)

LOCK = "LOCK"
"""Name of the lock of a study's or a trial's folder."""

RENEWED_EVERY = 10.0
LOOKS_EVERY = 0.5
EXPIRES_AFTER = 60.0
"""Seconds without renewal after which a holder on another machine counts as dead."""


@dataclass(frozen=True, slots=True)
class Holder:
    host: str
    pid: int
    started: str
    """When the process was started, as the kernel counts it: process ids are used again."""
    since: str
    token: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since}"


class LostLockError(UnavailableError):
    """Somebody else took the lock, after its holder had not renewed it for long."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A lock that is held. A process that was frozen may hold it no longer."""

    path: Path
    holder: Holder
    what: str

    def check(self) -> None:
        """To be called before anything is written that the lock guards.

        Raises:
            LostLockError: Somebody else has it now; the message says who.
        """
        now = _holder(self.path)
        if now != self.holder:
            by = "nobody" if now is None else str(now)
            raise LostLockError(
                f"{self.what} was taken over: it is now held by {by}. This process was cut off for "
                f"longer than {EXPIRES_AFTER:.0f} s, and stops without writing."
            )


@contextmanager
def held(path: Path, what: str, *, patience: float | None = 0.0) -> Generator[Lease]:
    """Hold the lock at ``path``; a dead holder's is taken over.

    Args:
        path: Of the lock file.
        what: It guards, for the message.
        patience: Seconds to wait for a living holder; none to wait for as long as it lives.

    Yields:
        The lease, to be checked before each write by whoever may be frozen for long.

    Raises:
        UnavailableError: Somebody else holds it; the message says who, and what to do.
    """
    mine = Holder(
        host=socket.gethostname(),
        pid=os.getpid(),
        started=_started(os.getpid()),
        since=time.strftime("%Y-%m-%d %H:%M:%S"),
        token=uuid.uuid4().hex,
    )
    _acquire(path, mine, what, math.inf if patience is None else patience)
    stop = threading.Event()
    renewal = threading.Thread(target=_renew, args=(path, mine, stop), name="lock", daemon=True)
    renewal.start()
    try:
        yield Lease(path, mine, what)
    finally:
        stop.set()
        renewal.join()
        if _holder(path) == mine:
            path.unlink(missing_ok=True)


def holder_of(path: Path) -> Holder | None:
    """Who holds the lock at ``path`` and is alive; none where nobody does."""
    holder = _holder(path)
    return holder if holder is not None and _is_alive(path, holder) else None


def _acquire(path: Path, mine: Holder, what: str, patience: float) -> None:
    start = time.monotonic()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{mine.token}")
    draft.write_text(json.dumps(_values(mine)), encoding="utf-8")
    try:
        while True:
            try:
                os.link(draft, path)  # appears whole, and only if nobody else's is there
            except FileExistsError:
                _make_way(path, what, patience - (time.monotonic() - start))
            else:
                return
    finally:
        draft.unlink()


def _make_way(path: Path, what: str, patience: float) -> None:
    """Wait for a living holder, or move a dead one's lock aside."""
    # Judging and moving are one act: else a late judge would move the lock of a new holder.
    with path.with_name(f".{path.name}.guard").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        holder = _holder(path)
        if holder is None:
            return  # released meanwhile: whoever links first has it
        if not _is_alive(path, holder):
            path.unlink(missing_ok=True)  # a dead holder's, and nobody else moves it
            return
    if patience <= 0:
        raise UnavailableError(
            f"{what} is already being worked on by {holder}. Watch it with mdml-tune status, end "
            f"it with mdml-tune stop, or wait. If that process is gone, this command takes over by "
            f"itself: at once on {holder.host}, elsewhere {EXPIRES_AFTER:.0f} s after its last sign "
            f"of life."
        )
    time.sleep(min(LOOKS_EVERY, patience))


def _is_alive(path: Path, holder: Holder) -> bool:
    if holder.host == socket.gethostname():
        return _started(holder.pid) == holder.started
    try:
        return time.time() - path.stat().st_mtime < EXPIRES_AFTER
    except FileNotFoundError:
        return False


def _holder(path: Path) -> Holder | None:
    try:
        return Holder(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        # Not ours, or damaged: believed for as long as somebody keeps it fresh.
        return Holder(host="unknown", pid=0, started="", since="unknown time", token="")


def _values(holder: Holder) -> dict[str, object]:
    return {name: getattr(holder, name) for name in Holder.__slots__}


def _renew(path: Path, mine: Holder, stop: threading.Event) -> None:
    while not stop.wait(RENEWED_EVERY):
        if _holder(path) != mine:
            logger.error("The lock %s was taken by somebody else; stop this process.", path)
            return
        try:
            os.utime(path)
        except OSError as error:
            logger.warning("The lock %s cannot be renewed: %s", path, error)


def _started(pid: int) -> str:
    """Start time of a process in clock ticks since boot; empty where it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    except FileNotFoundError:
        return _started_elsewhere(pid)
    return "" if fields[0] in "ZX" else fields[19]


def _started_elsewhere(pid: int) -> str:
    """Where there is no /proc (macOS): alive or not is all that can be told."""
    if Path("/proc/self/stat").exists():
        return ""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        return "alive"
    return "alive"
