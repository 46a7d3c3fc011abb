"""The doctor looks at the tracking store, and for runs that something dead has left RUNNING."""

from mdml_tune.cli.checking.checks import Check, State, ok, problem, warning
from mdml_tune.cli.checking.storage_checks import REPAIR
from mdml_tune.errors import MdmlTuneError
from mdml_tune.storage.lock import held, holder_of
from mdml_tune.storage.studies import Storage, StudyFolder
from mdml_tune.tracking.addresses import absolute_uri, database_file, redact
from mdml_tune.tracking.check import check_tracking
from mdml_tune.tracking.ledger import read_ledger
from mdml_tune.tracking.repair import end_left_running, left_running
from mdml_tune.tracking.version import client_version, server_version


def tracking(uri: str, storage: Storage, *, repair: bool) -> list[Check]:
    """Whether the store answers and lets us in; then the runs that stand RUNNING."""
    store = _store(uri)
    if store.state is State.PROBLEM:
        return [store]
    return [store, *_runs(uri, storage, repair=repair)]


def _store(uri: str) -> Check:
    try:
        absolute = absolute_uri(uri)
        database = database_file(absolute)
        if database is not None and not database.exists() and database.parent.is_dir():
            return ok("tracking", f"{database} will be made")
        check_tracking(absolute)
    except MdmlTuneError as error:
        return problem("tracking", str(error))
    here, there = client_version(), server_version(absolute)
    said = f"{redact(absolute)} answers" + ("" if there is None else f", MLflow {there}")
    if there is not None and there.split(".")[0] != here.split(".")[0]:
        return warning("tracking", f"{said}; here is {here}", "bring both to the same version")
    return ok("tracking", said)


def _runs(uri: str, storage: Storage, *, repair: bool) -> list[Check]:
    stranded: dict[str, int] = {}
    try:
        for folder in map(storage.study, storage.studies()):
            if read_ledger(folder) is None or holder_of(folder.path / "LOCK") is not None:
                continue
            count = len(left_running(folder, uri))
            if count and repair:
                count -= _ended(folder, uri)
            if count:
                stranded[folder.name] = count
    except MdmlTuneError as error:
        return [problem("runs", str(error))]
    if not stranded:
        return [ok("runs", "none left RUNNING by something dead")]
    listed = ", ".join(f"{count} of {name}" for name, count in stranded.items())
    return [warning("runs", f"stand RUNNING though nobody runs them: {listed}", REPAIR)]


def _ended(folder: StudyFolder, uri: str) -> int:
    with held(folder.path / "LOCK", f"Study '{folder.name}'"):
        return end_left_running(folder, uri)
