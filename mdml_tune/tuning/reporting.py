"""Keeping the status file of a study while it runs, and saying in it how it ended."""

import os
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from mdml_tune.errors import DataError, MdmlTuneError, UnavailableError
from mdml_tune.storage.lock import Lease, LostLockError
from mdml_tune.storage.status import STATUS, State, StudyStatus, read_status, write_status
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.tuning.events import Event, Observer, PhaseStarted, TrialEnded
from mdml_tune.tuning.finding import PROCESSES

RENEWED_EVERY = 3.0
"""Seconds, at least, between two writings while nothing but trials end."""

DONE, BUG, SOME_FAILED, INTERRUPTED = 0, 1, 4, 130
"""Exit codes that no error of ours carries."""

_STATES = {DONE: State.DONE, SOME_FAILED: State.SOME_FAILED, INTERRUPTED: State.INTERRUPTED}
"""What they mean for the study; all others are failures."""


@dataclass(slots=True)
class StatusKeeper:
    """Writes the status of one start wherever it is wanted. ``kept`` makes one."""

    elsewhere: Path | None
    status: StudyStatus
    _folder: Path | None = None
    """Of the study, while its lock is ours."""
    _lease: Lease | None = None
    _wrote: float = field(default=0.0)

    @contextmanager
    def inside(self, folder: StudyFolder, lease: Lease) -> Generator[None]:
        """Write to the study's folder too, which is held; say there how the block ended."""
        self._folder, self._lease = folder.path, lease
        self.status = replace(self.status, study=folder.name)
        self.write()
        try:
            yield
        except BaseException as error:
            self.end(exit_code_of(error), _message(error))
            raise
        finally:
            self._folder = self._lease = None

    def watching(self, observe: Observer) -> Observer:
        """``observe``, with the status following what it is told."""

        def tell(event: Event) -> None:
            self._follow(event)
            observe(event)

        return tell

    def end(self, exit_code: int, message: str = "") -> None:
        """How it ended; what was said first stays."""
        if self.status.ended is None:
            state = _STATES.get(exit_code, State.FAILED)
            self.status = replace(
                self.status, state=state, exit_code=exit_code, message=message, ended=_now()
            )
            self.write()

    def last_word(self, error: MdmlTuneError) -> None:
        """An error that will end the process at once."""
        self.end(error.exit_code, str(error))

    def write(self) -> None:
        self._wrote = time.monotonic()
        self.status = replace(self.status, updated=_now())
        if self.elsewhere is not None:
            self._write_to(self.elsewhere)
        if self._folder is not None and self._holds():
            self._write_to(self._folder / STATUS)

    def _write_to(self, path: Path) -> None:
        with suppress(OSError):  # a full disk ends the study itself, and in order
            write_status(path, self.status)

    def _follow(self, event: Event) -> None:
        if isinstance(event, PhaseStarted):
            self.status = replace(
                self.status, phase=event.phase, done=event.ended, total=event.total
            )
            self.write()
        elif isinstance(event, TrialEnded):
            self.status = replace(self.status, done=self.status.done + 1)
        if time.monotonic() - self._wrote >= RENEWED_EVERY:
            self.write()

    def _holds(self) -> bool:
        """Whether the study is still ours: a process that was frozen may have been taken over."""
        try:
            if self._lease is not None:
                self._lease.check()
        except LostLockError:
            return False
        return True


@contextmanager
def kept(elsewhere: Path | None = None) -> Generator[StatusKeeper]:
    """Status of whatever the block does, from its first moment on, in the file ``elsewhere``.

    Raises:
        UnavailableError: The file cannot be written, or a start that still runs writes it.
    """
    now = _now()
    here = StudyStatus(study=None, host=socket.gethostname(), pid=os.getpid(), started=now)
    keeper = StatusKeeper(elsewhere, replace(here, updated=now))
    if elsewhere is not None:
        _refuse_anothers(elsewhere)
        try:
            write_status(elsewhere, keeper.status)
        except OSError as error:
            raise UnavailableError(
                f"--status-file {elsewhere}: {error.strerror or error}. Name a file that can be "
                f"written."
            ) from error
    try:
        yield keeper
    except BaseException as error:
        keeper.end(exit_code_of(error), _message(error))
        raise
    keeper.end(DONE)


def _refuse_anothers(path: Path) -> None:
    """Two starts in one file: whoever waits for the first would take the second's end for it."""
    try:
        said = read_status(path)
    except (OSError, DataError):
        return  # not a status that anybody waits for
    if said is not None and _is_writing(said, path):
        raise UnavailableError(
            f"--status-file {path}: process {said.pid} on this host, which still runs, writes it. Wait "
            f"until it has ended, end it (mdml-tune stop), or name another file."
        )


def _is_writing(said: StudyStatus, path: Path) -> bool:
    """Whether the process that said so lives, here; nothing is known of other hosts."""
    others = said.pid != os.getpid() and said.host == socket.gethostname()
    if said.state is not State.RUNNING or not others:
        return False
    try:
        words = (PROCESSES / str(said.pid) / "cmdline").read_bytes()
    except OSError:
        return False
    # Its number may be another's by now; whoever writes the file was told of it.
    return path.name.encode() in words


def exit_code_of(error: BaseException) -> int:
    """What the command exits with."""
    match error:
        case MdmlTuneError():
            return error.exit_code
        case OSError() if error.filename is not None:
            return UnavailableError.exit_code
        case KeyboardInterrupt():
            return INTERRUPTED
        case _:
            return int(getattr(error, "exit_code", BUG))  # of typer.Exit


def _message(error: BaseException) -> str:
    match error:
        case KeyboardInterrupt():
            return "interrupted; the same command goes on from here"
        case MdmlTuneError():
            return str(error)
        case _ if hasattr(error, "exit_code"):
            return ""
        case _:
            return f"{type(error).__name__}: {error}"


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")
