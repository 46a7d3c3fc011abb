"""The runs of a study that nobody runs: those that stand RUNNING for ever, or are to go with it."""

import time

from mdml_tune.errors import ConfigError, UnavailableError
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.tracking import description
from mdml_tune.tracking.addresses import absolute_uri, redact
from mdml_tune.tracking.ending import Outcome
from mdml_tune.tracking.failures import TrackingError
from mdml_tune.tracking.ledger import Ledger, read_ledger, write_ledger
from mdml_tune.tracking.server import FoundRun, Server


def left_running(study: StudyFolder, uri: str) -> list[str]:
    """Ids of the study's runs that stand RUNNING; none where it was not published to that store.

    Raises:
        ConfigError: The URI is malformed.
        UnavailableError: The store cannot be reached, or refuses.
    """
    ledger = _ledger_of(study, uri)
    return [] if ledger is None else [run.run_id for run in _running(uri, ledger)]


def end_left_running(study: StudyFolder, uri: str) -> int:
    """End these runs as KILLED, while the study's lock is held; how many there were.

    Raises:
        ConfigError: The URI is malformed.
        UnavailableError: The store cannot be reached, or refuses.
    """
    ledger = _ledger_of(study, uri)
    if ledger is None:
        return 0
    now = time.time_ns() // 1_000_000
    ids = {run.run_id for run in _running(uri, ledger)}
    try:
        server = Server(uri)
        for run_id in ids:
            server.set_status(run_id, str(Outcome.INTERRUPTED), now)
    except TrackingError as error:
        raise _unavailable(uri, error) from None
    for entry in ledger.trials.values():
        if entry.run_id in ids:
            entry.shown = None  # the next copy says anew how the trial stands
    if ledger.parent_run_id in ids:
        ledger.parent_status = str(Outcome.INTERRUPTED)
    write_ledger(study, ledger)
    return len(ids)


def delete_runs(study: StudyFolder, uri: str) -> int:
    """Delete the study's run and those of its trials, while its lock is held; how many there were.

    MLflow keeps deleted runs until ``mlflow gc``.

    Raises:
        ConfigError: The URI is malformed, or the study was published to another store.
        UnavailableError: The store cannot be reached, or refuses.
    """
    ledger = read_ledger(study)
    if ledger is None or ledger.parent_run_id is None:
        return 0
    if ledger.tracking_uri != redact(absolute_uri(uri)):
        raise ConfigError(
            f"The runs of study '{study.name}' are at {ledger.tracking_uri}, not at {redact(uri)}. "
            f"Name that store with --tracking-uri, or leave out --runs to keep them."
        )
    try:
        server = Server(uri)
        runs = _runs_of(server, ledger, "")
        for run in sorted(runs, key=lambda run: run.run_id == ledger.parent_run_id):
            server.delete_run(run.run_id)  # the parent last: from it the others are found again
    except TrackingError as error:
        raise _unavailable(uri, error) from None
    return len(runs)


def _ledger_of(study: StudyFolder, uri: str) -> Ledger | None:
    ledger = read_ledger(study)
    there = ledger is not None and ledger.tracking_uri == redact(absolute_uri(uri))
    return ledger if there else None


def _running(uri: str, ledger: Ledger) -> list[FoundRun]:
    try:
        return _runs_of(Server(uri), ledger, "attributes.status = 'RUNNING'")
    except TrackingError as error:
        raise _unavailable(uri, error) from None


def _runs_of(server: Server, ledger: Ledger, query: str) -> list[FoundRun]:
    """The study's own run and all below it."""
    if ledger.experiment_id is None or ledger.parent_run_id is None:
        return []
    parent = ledger.parent_run_id
    return [
        run
        for run in server.find_runs(ledger.experiment_id, query)
        if run.run_id == parent or run.tags.get(description.PARENT) == parent
    ]


def _unavailable(uri: str, error: TrackingError) -> UnavailableError:
    return UnavailableError(
        f"The MLflow store {redact(uri)} cannot be used: {error}. Start the server, or correct "
        f"--tracking-uri."
    )
