"""How a study ends in MLflow: results, summary, and no run left RUNNING."""

import time
from collections.abc import Mapping
from enum import StrEnum

from mdml_tune.records import Status
from mdml_tune.tracking import description, points, sources
from mdml_tune.tracking.artifacts import upload_results
from mdml_tune.tracking.ledger import Ending, Ledger
from mdml_tune.tracking.presentation import present
from mdml_tune.tracking.runs import INTERRUPTED
from mdml_tune.tracking.session import Session


class Outcome(StrEnum):
    """What MLflow calls the end of a study."""

    FINISHED = "FINISHED"
    INTERRUPTED = "KILLED"
    FAILED = "FAILED"


def note_ending(
    ledger: Ledger, outcome: Outcome | None, summary: Mapping[str, float] | None
) -> None:
    """Write down how the study ended. The same ending keeps its time, so telling it again is nothing."""
    if outcome is None:
        return
    ending = Ending(str(outcome), time.time_ns() // 1_000_000, dict(summary or {}))
    old = ledger.ending
    if old is None or (old.outcome, old.summary) != (ending.outcome, ending.summary):
        ledger.ending = ending


def end_study(session: Session) -> None:
    """Everything that is said once all trials have been copied.

    Raises:
        TrackingError: MLflow cannot be reached, or refuses.
    """
    ledger, server, parent = session.ledger, session.server, session.parent_run_id
    upload_results(session)
    _end_stragglers(session)
    present(session)
    ending = ledger.ending or _presumed(ledger)
    # Told again after a crash, it must be the same point and not a second one beside it.
    born = sources.last_birth_ms(session.study)
    server.log(parent, points=points.points_of(ending.summary, born, 0))
    if ledger.parent_status != ending.outcome:
        server.set_status(parent, ending.outcome, ending.timestamp_ms)
        ledger.parent_status = ending.outcome
        session.changed = True


def _end_stragglers(session: Session) -> None:
    """Runs that stand RUNNING though nothing runs: of trials that are gone, or were not reached."""
    parent = session.parent_run_id
    query = f"attributes.status = 'RUNNING' and tags.`{description.PARENT}` = '{parent}'"
    running = session.server.find_runs(session.ledger.experiment_id or "", query)
    now = time.time_ns() // 1_000_000
    for run in running:
        session.server.set_status(run.run_id, "KILLED", now)
    ids = {run.run_id for run in running}
    for entry in session.ledger.trials.values():
        if entry.run_id in ids:
            entry.shown = None
            session.changed = True


def _presumed(ledger: Ledger) -> Ending:
    """Nobody says how it ended: as it stands there, else well if every trial has ended."""
    open_ones = {None, str(Status.RUNNING), INTERRUPTED}
    has_ended = all(entry.shown not in open_ones for entry in ledger.trials.values())
    outcome = Outcome.FINISHED if has_ended else Outcome.INTERRUPTED
    if ledger.parent_status in set(Outcome):
        outcome = Outcome(ledger.parent_status)
    return Ending(str(outcome), time.time_ns() // 1_000_000, {})
