"""Publishing beside the study: in a thread, patiently, and never in the study's way."""

import logging
import random
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from mdml_tune.errors import MdmlTuneError
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.tracking.ending import Outcome
from mdml_tune.tracking.publisher import Progress, Publisher

logger = logging.getLogger(__name__)

_LONGEST_PAUSE_S = 60.0
_LAST_PASS_S = 15.0
"""A request that is under way ends in this time, or the store is frozen."""
_LAST_ATTEMPT_S = 30.0
_HASTE_S = 3.0
"""For either of them where the process is about to be ended by others."""

_SILENT = "the store does not answer"


class Publishing:
    """A study that is being published. ``publishing`` makes one."""

    def __init__(self, study: StudyFolder, tracking_uri: str, every_seconds: float) -> None:
        self.problem: str | None = None
        """What to tell the user: why MLflow lags behind, and at the end what it lacks."""
        self.progress: Progress | None = None
        """Of the last pass; none before the first."""
        self._study = study
        self._publisher = Publisher(study, tracking_uri)
        self._every_seconds = every_seconds
        self._outcome = Outcome.FINISHED
        self._summary: dict[str, float] = {}
        self._in_haste = False
        self._stop = threading.Event()
        self._hurry = threading.Event()
        self._caught_up = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publishing", daemon=True)

    def conclude(self, outcome: Outcome, summary: Mapping[str, float] | None = None) -> None:
        """Say how the study ends. Otherwise a block that is left without an error has finished."""
        self._outcome = outcome
        self._summary = dict(summary or {})

    def make_haste(self) -> None:
        """There are only seconds left: a store that does not answer at once is done without."""
        self._in_haste = True

    def catch_up(self, patience_s: float = _LAST_PASS_S) -> None:
        """Wait until everything written so far has been sent, or until it cannot be in that time."""
        self._caught_up.clear()
        self._hurry.set()
        self._caught_up.wait(patience_s)

    def start(self) -> None:
        self._thread.start()

    def stop(self, outcome: Outcome | None = None) -> None:
        """Wait for the pass under way, then make a last attempt; both are bounded in time."""
        self._stop.set()
        self._hurry.set()
        self._thread.join(_HASTE_S if self._in_haste else _LAST_PASS_S)
        if self._thread.is_alive():
            self.problem = self._farewell(0, _SILENT)
        elif self._in_haste:
            self.problem = self._farewell(0, _SILENT)  # unless it answers in time
            last = threading.Thread(
                target=self._end, args=(outcome, _HASTE_S), name="last attempt", daemon=True
            )
            last.start()
            last.join(_HASTE_S)
        else:
            self._end(outcome, _LAST_ATTEMPT_S)

    def _end(self, outcome: Outcome | None, patience_s: float) -> None:
        try:
            progress = self._publisher.close(
                outcome or self._outcome, self._summary, patience_s=patience_s
            )
        except MdmlTuneError as error:
            self.problem = self._farewell(0, str(error))
            return
        self.progress = progress
        self.problem = None
        if progress.problem is not None:
            self.problem = self._farewell(progress.missing, progress.problem)

    def _run(self) -> None:
        failures = 0
        while True:
            self._hurry.wait(self._pause(failures))
            if self._stop.is_set():
                return
            asked = self._hurry.is_set()
            self._hurry.clear()
            self._pass()
            failures = 0 if self.problem is None else failures + 1
            if asked:
                self._caught_up.set()

    def _pass(self) -> None:
        try:
            self.progress = self._publisher.publish()
            self.problem = self.progress.problem
        except MdmlTuneError as error:
            self.problem = str(error)
        except Exception as error:  # the study must go on; the last attempt raises it again
            logger.exception("Publishing to MLflow failed.")
            self.problem = f"{type(error).__name__}: {error}"

    def _pause(self, failures: int) -> float:
        longest = min(self._every_seconds * 2**failures, _LONGEST_PAUSE_S)
        jitter = random.uniform(0.5, 1.0) if failures else 1.0  # noqa: S311 - spreads retries
        return longest * jitter

    def _farewell(self, missing: int, reason: str) -> str:
        what = f"{missing:,} metric values" if missing else "Something"
        return (
            f"{what} of study '{self._study.name}' could not be sent to MLflow ({reason}). "
            f"Nothing is lost. Send it later: mdml-tune sync {self._study.name}"
        )


@contextmanager
def publishing(
    study: StudyFolder, tracking_uri: str, every_seconds: float = 2.0
) -> Generator[Publishing]:
    """Publish the study while the block runs, and end its runs when the block is left.

    Left by Ctrl-C, the study stands in MLflow as killed; left by another error, as failed.

    Raises:
        ConfigError: The URI is malformed.
        ReportError: There is no such study in the storage.
    """
    work = Publishing(study, tracking_uri, every_seconds)
    work.start()
    try:
        yield work
    except Exception:
        work.stop(Outcome.FAILED)
        raise
    except BaseException:
        work.stop(Outcome.INTERRUPTED)
        raise
    work.stop()
