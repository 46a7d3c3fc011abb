"""A connection together with what is known about the other side."""

from dataclasses import dataclass

from mdml_tune.records import StudyRecord
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.tracking import description
from mdml_tune.tracking.addresses import artifact_folder, redact
from mdml_tune.tracking.ledger import Ledger, read_ledger, write_ledger
from mdml_tune.tracking.runs import Runs
from mdml_tune.tracking.server import Server
from mdml_tune.tracking.sources import modified_ms


@dataclass(slots=True)
class Session:
    study: StudyFolder
    header: StudyRecord
    server: Server
    runs: Runs
    ledger: Ledger
    parent_run_id: str
    changed: bool = True
    """Whether the ledger knows more than its file."""

    def save(self) -> None:
        if self.changed:
            write_ledger(self.study, self.ledger)
            self.changed = False


def open_session(study: StudyFolder, header: StudyRecord, uri: str) -> Session:
    """Connect, find or make experiment and parent run, and say on it what the study is.

    Raises:
        ConfigError: The experiment of that name has been deleted.
        TrackingError: MLflow cannot be reached, or refuses.
    """
    server = Server(uri)
    experiment_id = server.experiment(study.name, artifact_folder(server.uri, study.storage.path))
    runs = Runs(server, experiment_id)
    ledger = _ledger(study, server, experiment_id)
    parent = ledger.parent_run_id
    if parent is None:
        start_ms = description.began_ms(header) or modified_ms(study.path / "study.json")
        parent, ledger.parent_status = runs.of_study(study.name, start_ms)
        ledger.parent_run_id = parent
    server.log(parent, tags=description.study_tags(header))
    data_set = description.data_set(header, description.trial_section(header))
    if data_set is not None:
        server.log_data_set(parent, *data_set)
    return Session(study, header, server, runs, ledger, parent)


def _ledger(study: StudyFolder, server: Server, experiment_id: str) -> Ledger:
    """What is still true of what was written down; an empty ledger where that is nothing."""
    written = read_ledger(study)
    where = redact(server.uri)
    if (
        written is not None
        and (written.tracking_uri, written.experiment_id) == (where, experiment_id)
        and written.parent_run_id is not None
        and server.is_active(written.parent_run_id, experiment_id)
    ):
        return written
    return Ledger(where, experiment_id, ending=None if written is None else written.ending)
