"""Bringing the run of one trial up to date with the trial's folder."""

from collections.abc import Sequence

from mdml_tune.records import EpochReport, Status, TrialRecord
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tracking import description, points, sources
from mdml_tune.tracking.ledger import Entry
from mdml_tune.tracking.runs import INTERRUPTED, mlflow_status
from mdml_tune.tracking.session import Session


def copy_trial(session: Session, folder: TrialFolder, *, at_work: bool) -> int:
    """Publish what is new; returns how many points that was.

    Only reports that no restart can take back are published: an epoch that is trained again would
    leave a second row beside the first.

    Args:
        session: Where to.
        folder: Where from.
        at_work: Whether the study is running, so that a trial that has not ended is going on.

    Raises:
        TrackingError: MLflow cannot be reached, or refuses. What it acknowledged is in the ledger.
    """
    key = folder.path.name
    epochs = folder.settled_epochs()
    entry = session.ledger.trials.get(key)
    unended = Status.RUNNING if at_work else INTERRUPTED
    if entry is not None and not folder.is_closed() and _is_told(entry, epochs, unended):
        return 0
    record = folder.record()
    if record is None:
        return 0
    settled = sources.settled_reports(record, epochs)
    if entry is None or entry.epochs > len(settled):
        entry = _enter(session, folder, record, settled)
    _describe(session, entry, record)
    sent = _copy_points(session, entry, record, settled)
    shown = record.status if record.status.is_final else unended
    if entry.shown != shown:
        _show(session, entry, record, shown, _end_ms(folder, record))
    return sent


def missing_points(folder: TrialFolder, entry: Entry | None) -> int:
    """Points that are fit to be published and not acknowledged; none of an unreadable trial."""
    entry = entry or Entry("")
    try:
        epochs = folder.settled_epochs()
        record = folder.record()
    except ValueError:
        return 0
    if record is None:
        return 0
    settled = sources.settled_reports(record, epochs)
    missing = sum(len(batch.points) for batch in points.batches(settled[entry.epochs :]))
    return missing + len(_missing_test(entry, record, settled))


def _is_told(entry: Entry, epochs: int, shown: str) -> bool:
    """Whether there is nothing new to say of a trial that has not ended."""
    return entry.described and entry.epochs == epochs and entry.shown == shown


def _enter(
    session: Session,
    folder: TrialFolder,
    record: TrialRecord,
    settled: Sequence[EpochReport],
) -> Entry:
    if session.ledger.trials.pop(record.trial_key, None) is not None:
        session.runs.forget()  # it fell behind what was published: its run will be replaced
    tags = description.trial_tags(record, session.header.name, session.parent_run_id)
    entry = session.runs.of_trial(record, tags, settled, sources.start_ms(folder, record))
    session.ledger.trials[record.trial_key] = entry
    session.changed = True
    return entry


def _describe(session: Session, entry: Entry, record: TrialRecord) -> None:
    if entry.described:
        return
    session.server.log(entry.run_id, params=description.trial_params(record))
    data_set = description.data_set(session.header, record.config)
    if data_set is not None:
        session.server.log_data_set(entry.run_id, *data_set)
    entry.described = True
    session.changed = True


def _copy_points(
    session: Session, entry: Entry, record: TrialRecord, settled: Sequence[EpochReport]
) -> int:
    sent = 0
    odd = points.non_finite(settled, record.test)
    tags = {description.NON_FINITE: description.tag_text(", ".join(odd))} if odd else {}
    for batch in points.batches(settled[entry.epochs :]):
        session.server.log(entry.run_id, points=batch.points, tags=tags)
        entry.epochs = batch.epochs
        session.changed = True
        sent += len(batch.points)
    test = _missing_test(entry, record, settled)
    if test:
        session.server.log(entry.run_id, points=test, tags=tags)
        entry.test = True
        session.changed = True
    return sent + len(test)


def _missing_test(
    entry: Entry, record: TrialRecord, settled: Sequence[EpochReport]
) -> list[points.Point]:
    if entry.test or record.test is None or not settled:
        return []
    return points.test_points(record.test, settled[-1])


def _show(session: Session, entry: Entry, record: TrialRecord, shown: str, end_ms: int) -> None:
    """The last step: a status that is final says that everything else is there."""
    tags = {description.STATUS: str(shown)}
    if record.status.is_final:
        tags[description.EPOCHS] = str(entry.epochs)
    name = description.final_name(record)
    if name is not None:
        tags[description.NAME] = name
    if record.failure is not None:
        tags[description.FAILURE] = description.tag_text(record.failure)
    session.server.log(entry.run_id, tags=tags)
    session.server.set_status(entry.run_id, mlflow_status(shown), end_ms)
    entry.shown = str(shown)
    session.changed = True


def _end_ms(folder: TrialFolder, record: TrialRecord) -> int:
    if record.last is not None:
        return record.last.timestamp_ms
    return sources.modified_ms(folder.path / "trial.json")
