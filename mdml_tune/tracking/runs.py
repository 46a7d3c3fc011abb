"""Which run belongs to the study, and which to each of its trials: found, or made, but once."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager

from mdml_tune.records import EpochReport, Status, TrialRecord
from mdml_tune.tracking import description
from mdml_tune.tracking.failures import TrackingError
from mdml_tune.tracking.ledger import Entry
from mdml_tune.tracking.server import FoundRun, Server

INTERRUPTED = "interrupted"
"""``mdml.status`` of a trial that had not ended when the study stopped."""

_MLFLOW_STATUS: Mapping[str, str] = {
    Status.RUNNING: "RUNNING",
    Status.COMPLETED: "FINISHED",
    Status.PRUNED: "FINISHED",
    Status.FAILED: "FAILED",
    INTERRUPTED: "KILLED",
}
_LOGGED_EVERY_EPOCH = "time/epoch_seconds"


def mlflow_status(shown: str) -> str:
    """MLflow's word for what ``mdml.status`` says."""
    return _MLFLOW_STATUS[shown]


class Runs:
    """The runs of one experiment.

    A search by tag stands before every creation. One search answers for all trials, until
    something fails: then nobody knows whether a run is there, and the next one searches again.
    """

    def __init__(self, server: Server, experiment_id: str) -> None:
        self._server = server
        self._experiment_id = experiment_id
        self._found: dict[str, list[FoundRun]] | None = None

    def of_study(self, name: str, start_ms: int) -> tuple[str, str]:
        """The parent run, and the status in which it stands."""
        with self._unsure():
            own = [run for run in self._of("") if run.tags.get(description.STUDY) == name]
            if own:
                run = self._oldest(own)
                return run.run_id, run.status
            return self._create(name, {description.STUDY: name}, start_ms), "RUNNING"

    def of_trial(
        self,
        record: TrialRecord,
        tags: Mapping[str, str],
        settled: Sequence[EpochReport],
        start_ms: int,
    ) -> Entry:
        """The run of a trial, with what is known to be there already."""
        with self._unsure():
            own: list[FoundRun] = []
            for run in self._of(record.trial_key):
                if self._tells_of(run, settled):
                    own.append(run)
                else:
                    self._server.delete_run(run.run_id)
            if not own:
                return Entry(self._create(description.run_name(record), tags, start_ms))
            run = self._oldest(own)
            if not tags.items() <= run.tags.items():
                self._server.log(run.run_id, tags=tags)  # its old parent may have been deleted
            return _entry(run)

    def forget(self) -> None:
        """Search again before the next creation."""
        self._found = None

    def _tells_of(self, run: FoundRun, settled: Sequence[EpochReport]) -> bool:
        """Whether the run was published from this history, and not from one that is gone.

        A trial that was started afresh, or fell behind what was published, has reports of another
        birth: they would stand beside the old ones for ever.
        """
        born = {(report.epoch, report.timestamp_ms) for report in settled}
        return self._server.history(run.run_id, _LOGGED_EVERY_EPOCH) <= born

    def _oldest(self, runs: list[FoundRun]) -> FoundRun:
        for run in runs[1:]:
            self._server.delete_run(run.run_id)
        return runs[0]

    def _of(self, trial_key: str) -> list[FoundRun]:
        """The runs of a trial; those without one stand under the empty key."""
        if self._found is None:
            self._found = {}
            for run in self._server.find_runs(self._experiment_id):
                self._found.setdefault(run.tags.get(description.TRIAL, ""), []).append(run)
        return self._found.pop(trial_key, [])

    def _create(self, name: str, tags: Mapping[str, str], start_ms: int) -> str:
        return self._server.create_run(self._experiment_id, name, tags, start_ms)

    @contextmanager
    def _unsure(self) -> Generator[None]:
        try:
            yield
        except TrackingError:
            self.forget()
            raise


def _entry(run: FoundRun) -> Entry:
    """The number of epochs is told after everything else, and so vouches for it."""
    shown = run.tags.get(description.STATUS)
    epochs = run.tags.get(description.EPOCHS)
    return Entry(
        run.run_id,
        described=epochs is not None,
        epochs=int(epochs or 0),
        test=run.has_test,
        shown=shown if _MLFLOW_STATUS.get(shown or "") == run.status else None,
    )
