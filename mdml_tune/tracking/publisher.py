"""Keeping MLflow a faithful copy of a study's folder: pass after pass, and a last one."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mdml_tune.storage.studies import StudyFolder
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tracking import sources
from mdml_tune.tracking.addresses import absolute_uri, redact
from mdml_tune.tracking.artifacts import upload_study_file
from mdml_tune.tracking.copying import copy_trial, missing_points
from mdml_tune.tracking.ending import Outcome, end_study, note_ending
from mdml_tune.tracking.failures import AwayError, RefusedError, TrackingError
from mdml_tune.tracking.ledger import Ledger, read_ledger, write_ledger
from mdml_tune.tracking.presentation import present
from mdml_tune.tracking.session import Session, open_session

_PATIENCE_WITH_REFUSALS = 2  # the first may come from a run that was deleted by hand


@dataclass(frozen=True, slots=True)
class Progress:
    """What a pass has done, and what it has left."""

    runs: int
    """Trials that have their run."""
    points: int
    """Metric values sent by this pass."""
    missing: int = 0
    """Metric values that could not be sent."""
    problem: str | None = None


class Publisher:
    """Publishes one study to one store. Not to be used from two threads at once.

    Raises:
        ConfigError: The URI is malformed.
        ReportError: There is no such study in the storage.
    """

    def __init__(self, study: StudyFolder, tracking_uri: str) -> None:
        self.problem: str | None = None
        """Why the last pass did not send everything."""
        self._study = study
        self._uri = absolute_uri(tracking_uri)
        self._header = sources.header(study)
        self._session: Session | None = None
        self._finished: dict[str, sources.Ended] = {}
        self._refusals: dict[str, list[str]] = {}
        self._sent = 0

    def publish(self) -> Progress:
        """Bring MLflow up to date while the study runs. A store that is away is a ``problem``.

        Raises:
            ConfigError: The experiment of that name has been deleted.
        """
        return self._attempt(self._follow)

    def close(
        self,
        outcome: Outcome | None = None,
        summary: Mapping[str, float] | None = None,
        *,
        patience_s: float | None = None,
    ) -> Progress:
        """Bring MLflow up to date with a study that no longer runs, and end its runs.

        Args:
            outcome: How the study ended; none for what was said when it could not be sent.
            summary: Metrics of the parent run, such as ``best/delta_m``.
            patience_s: After this many seconds no further trial is begun.

        Raises:
            ConfigError: The experiment of that name has been deleted.
        """
        self._note_ending(outcome, summary)
        deadline = None if patience_s is None else time.monotonic() + patience_s

        def finish(session: Session) -> None:
            late = self._copy_trials(session, at_work=False, deadline=deadline)
            end_study(session)
            if late:
                raise AwayError(f"it took longer than {patience_s:.0f} s")

        return self._attempt(finish, count_missing=True)

    def _attempt(self, work: Callable[[Session], None], *, count_missing: bool = False) -> Progress:
        sent = self._sent
        self.problem = None
        try:
            if self._session is None:
                self._session = open_session(self._study, self._header, self._uri)
                upload_study_file(self._session)
                present(self._session)
            work(self._session)
            self.problem = self._refused()
        except TrackingError as error:
            self.problem = f"MLflow at {redact(self._uri)}: {error}"
            if isinstance(error, RefusedError):
                self._save()
                self._session = None  # the parent may have been deleted: look at everything anew
        finally:
            self._save()
        ledger = self._ledger()
        missing = self._missing(ledger) if count_missing or self.problem else 0
        return Progress(len(ledger.trials), self._sent - sent, missing, self.problem)

    def _save(self) -> None:
        if self._session is not None:
            self._session.save()

    def _ledger(self) -> Ledger:
        if self._session is not None:
            return self._session.ledger
        return read_ledger(self._study) or Ledger(redact(self._uri))

    def _note_ending(self, outcome: Outcome | None, summary: Mapping[str, float] | None) -> None:
        """On the disk at once: the store may be away, and ``sync`` be left to tell it."""
        ledger = self._ledger()
        note_ending(ledger, outcome, summary)
        write_ledger(self._study, ledger)

    def _follow(self, session: Session) -> None:
        ledger = session.ledger
        if ledger.parent_status != "RUNNING":
            session.server.set_status(session.parent_run_id, "RUNNING", 0)
            ledger.parent_status = "RUNNING"
            ledger.ending = None
            session.changed = True
        self._copy_trials(session, at_work=True, deadline=None)

    def _copy_trials(self, session: Session, *, at_work: bool, deadline: float | None) -> bool:
        """Whether the deadline came before the end."""
        for folder in self._open_trials():
            if deadline is not None and time.monotonic() > deadline:
                return True
            ended = sources.ended(folder)
            try:
                self._sent += copy_trial(session, folder, at_work=at_work)
            except (RefusedError, ValueError) as error:  # or a file of the trial is not ours
                self._set_aside(session, folder.path.name, str(error))
            else:
                self._refusals.pop(folder.path.name, None)
                if ended is not None:
                    self._finished[folder.path.name] = ended
        return False

    def _open_trials(self) -> list[TrialFolder]:
        """Trials that may have something to tell: all but those told since they ended."""
        return [
            folder
            for folder in sources.trial_folders(self._study)
            if len(self._refusals.get(folder.path.name, ())) < _PATIENCE_WITH_REFUSALS
            and not self._is_finished(folder)
        ]

    def _is_finished(self, folder: TrialFolder) -> bool:
        told = self._finished.get(folder.path.name)
        return told is not None and told == sources.ended(folder)

    def _set_aside(self, session: Session, key: str, reason: str) -> None:
        """The first time, look for the run anew in the next pass; the second time, give up."""
        reasons = self._refusals.setdefault(key, [])
        reasons.append(reason)
        if len(reasons) < _PATIENCE_WITH_REFUSALS:
            session.ledger.trials.pop(key, None)
            session.runs.forget()
            session.changed = True

    def _refused(self) -> str | None:
        if not self._refusals:
            return None
        key, reasons = next(iter(self._refusals.items()))
        others = len(self._refusals) - 1
        return f"trial {key}{f' and {others} others' if others else ''}: {reasons[-1]}"

    def _missing(self, ledger: Ledger) -> int:
        return sum(
            missing_points(folder, ledger.trials.get(folder.path.name))
            for folder in sources.trial_folders(self._study)
            if not self._is_finished(folder)
        )


def sync(study: StudyFolder, tracking_uri: str) -> Progress:
    """Publish all that is not there yet of a study that is not running.

    Raises:
        ConfigError: The URI is malformed, or the experiment of that name has been deleted.
        ReportError: There is no such study in the storage.
    """
    return Publisher(study, tracking_uri).close()
