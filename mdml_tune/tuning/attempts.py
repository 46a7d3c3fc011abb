"""Who is at work on a trial, and how often its process died: a trial that kills its worker ends.

A worker signs before it begins (``attempt.json``), and keeps the stacks of a fatal signal beside it
(``crash.log``). The driver alone judges: a process that died on a node that lives has crashed by
itself, and counts (``crashes.json``); what a lost node takes with it does not.
"""

import faulthandler
import os
import signal
import socket
import time
from collections.abc import Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from mdml_tune.records import Status
from mdml_tune.storage.atomic import read_json, write_json
from mdml_tune.storage.trials import TrialFolder

CRASHED = "crashed"
STALLED = "stalled"
"""What the ``failure`` of a trial begins with whose process died, or that made no progress."""

LONGEST_STACK = 4000
"""Characters of a stack that are kept."""


@dataclass(frozen=True, slots=True)
class Attempt:
    node: str
    """Ray's id of the node."""
    host: str
    pid: int
    session: str
    """Of Ray: an attempt of another session was interrupted with it."""


@contextmanager
def signed(folder: TrialFolder, node: str, session: str) -> Generator[None]:
    """On a worker: write down who works on the trial, and where to leave a last word.

    A fatal signal writes the stacks of all threads, and so does ``SIGUSR1``.
    """
    write_json(
        folder.path / "attempt.json",
        {
            "node": node,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "session": session,
            "at": time.time(),
        },
    )
    with _crash_log(folder).open("w") as log:
        faulthandler.enable(log, all_threads=True)
        faulthandler.register(signal.SIGUSR1, log, all_threads=True)
        try:
            yield
        finally:
            faulthandler.unregister(signal.SIGUSR1)
            faulthandler.disable()
    _crash_log(folder).unlink(missing_ok=True)


def attempt_on(folder: TrialFolder, session: str) -> Attempt | None:
    """Who works on the trial in this session, or did last; none where nobody has begun."""
    values = read_json(folder.path / "attempt.json")
    if values is None or values["session"] != session:
        return None
    return Attempt(
        node=str(values["node"]),
        host=str(values["host"]),
        pid=cast("int", values["pid"]),
        session=session,
    )


def begin_anew(folder: TrialFolder, session: str) -> None:
    """In the driver, before a worker is sent: whoever signed in this session is gone."""
    if attempt_on(folder, session) is not None:
        (folder.path / "attempt.json").unlink(missing_ok=True)


def note_death(
    folder: TrialFolder, session: str, reason: str, *, alive: Collection[str], retries: int
) -> str | None:
    """In the driver: the process of a trial is gone. Ends the trial where that was once too often.

    Args:
        folder: Of the trial.
        session: Of Ray.
        reason: What Ray says.
        alive: Ids of the nodes that live.
        retries: How often it may go on after its process died.

    Returns:
        What to tell the user; none where a node was lost, or the trial had ended before.
    """
    if folder.is_closed():
        return None
    attempt = attempt_on(folder, session)
    if attempt is not None and attempt.node not in alive:
        return None
    deaths = [*deaths_of(folder), _first_line(reason)]
    write_json(folder.path / "crashes.json", {"deaths": deaths})
    where = f" on {attempt.host}" if attempt is not None else ""
    if len(deaths) <= retries:
        return f"its process died{where} ({deaths[-1]}); attempt {len(deaths) + 1} of {retries + 1}"
    times = "" if len(deaths) == 1 else f" {len(deaths)} times"
    folder.close(
        Status.FAILED,
        failure=f"{CRASHED}: its process died{times}{where}: {reason}\n{last_words(folder)}".strip(),
    )
    return f"its process died{times}{where} ({deaths[-1]}); given up"


def end_stalled(folder: TrialFolder, seconds: float) -> None:
    """In the driver: end a trial that makes no progress, before its process is killed."""
    if not folder.is_closed():
        said = f"{STALLED}: no epoch for {seconds:g} s (resources.stall_timeout)"
        folder.close(Status.FAILED, failure=f"{said}\n{last_words(folder)}".strip())


def forget_deaths(folder: TrialFolder) -> None:
    """Grant a trial all its attempts again."""
    (folder.path / "crashes.json").unlink(missing_ok=True)


def last_words(folder: TrialFolder) -> str:
    """The stacks that the process left when a signal hit it; nothing where it could not."""
    try:
        return _crash_log(folder).read_text(encoding="utf-8", errors="replace")[:LONGEST_STACK]
    except FileNotFoundError:
        return ""


def deaths_of(folder: TrialFolder) -> list[str]:
    """What killed its processes so far, where the trial is to blame."""
    values = read_json(folder.path / "crashes.json") or {"deaths": []}
    return cast("list[str]", values["deaths"])


def _crash_log(folder: TrialFolder) -> Path:
    return folder.path / "crash.log"


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or ["for no known reason"])[0]
