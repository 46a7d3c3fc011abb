"""The search: Ray Tune runs the trials, our book says which."""

import shutil
import time
from dataclasses import dataclass
from typing import Any

from ray import tune
from ray.tune.experiment import Trial
from ray.tune.search import Searcher

from mdml_tune.config.load import load_trial
from mdml_tune.records import EpochReport, Scores, Status, TrialRecord
from mdml_tune.storage.history import read_history
from mdml_tune.storage.lock import held
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tuning.book import Book
from mdml_tune.tuning.early_stopping import EPOCH, OBJECTIVE, RememberingAsha, build_scheduler
from mdml_tune.tuning.events import EpochEnded, Observer, TrialEnded, TrialStarted
from mdml_tune.tuning.jobs import NODE_LOSSES, Job, perform

LOST = "its worker was lost too often, or never started"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPhase:
    book: Book
    baseline: Scores
    """Val scores of the single-task networks, averaged over seeds."""
    concurrency: int
    observe: Observer

    def run(self) -> list[TrialRecord]:
        """Run until the study has its trials; the records of all of them, in their order."""
        study = self.book.study
        scheduler = build_scheduler(study.search.early_stopping, study.epochs)
        objective = f"val/{study.search.objective}"
        if isinstance(scheduler, RememberingAsha):
            for key in scheduler.replay(self.book.records, objective):
                self.observe(TrialEnded(self.book.end(key)))
        first = self.book.next()
        if first is None:
            return self.book.records
        self.book.put_back(first)
        ray_folder = self.book.folder.path / "ray"
        name = time.strftime("%Y%m%d-%H%M%S")
        resources = {"cpu": study.resources.cpus, "gpu": study.resources.gpus}
        tuner = tune.Tuner(
            tune.with_resources(_trainable, resources),
            tune_config=tune.TuneConfig(
                search_alg=_BookSearcher(self, objective),
                scheduler=scheduler,
                num_samples=max(1, self.book.left),
                max_concurrent_trials=self.concurrency,
                # An error on a GPU may leave the whole process unfit for the next trial.
                reuse_actors=study.resources.gpus == 0,
            ),
            run_config=tune.RunConfig(
                name=name,
                storage_path=str(ray_folder),
                failure_config=tune.FailureConfig(max_failures=NODE_LOSSES),
                callbacks=[_Teller(self)],
                verbose=0,
            ),
        )
        tuner.fit()
        # Ray's own files tell nothing that the trials' folders do not.
        shutil.rmtree(ray_folder, ignore_errors=True)
        return self.book.records

    def job(self, record: TrialRecord) -> Job:
        return Job(
            record=record,
            config=(config := load_trial(record.config)),
            folder=self.book.folder.trial(record.trial_key).path,
            data_root=self.book.baselines.data_root,
            baseline=self.baseline,
            teachers=self.book.baselines.teachers(config, record.seed),
        )


class _BookSearcher(Searcher):
    """Ray's question for the next trial, answered from the book."""

    def __init__(self, phase: SearchPhase, objective: str) -> None:
        super().__init__(metric=OBJECTIVE, mode="max")
        self._phase = phase
        self._objective = objective
        self._keys: dict[str, str] = {}

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        record = self._phase.book.next()
        if record is None:
            return Searcher.FINISHED
        self._keys[trial_id] = record.trial_key
        return {
            "trial_key": record.trial_key,
            "job": self._phase.job(record),
            "objective": self._objective,
        }

    def on_trial_complete(
        self,
        trial_id: str,
        result: dict[str, Any] | None = None,  # noqa: ARG002 (the history says more)
        error: bool = False,  # noqa: FBT001, FBT002 (Ray's signature)
    ) -> None:
        failure = LOST if error else None
        record = self._phase.book.end(self._keys.pop(trial_id), failure=failure)
        self._phase.observe(TrialEnded(record))

    def save(self, checkpoint_path: str) -> None:
        """Nothing to save: the book is on the disk already."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing to restore."""

    def __getstate__(self) -> dict[str, object]:
        return {}  # Ray pickles its searchers to restore them; we start from the book instead


class _Teller(tune.Callback):
    """Passes on what Ray sees."""

    def __init__(self, phase: SearchPhase) -> None:
        self._phase = phase

    def on_trial_start(self, *, trial: Trial, **_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        job: Job = trial.config["job"]
        self._phase.observe(TrialStarted(job.record, job.config.training.epochs))

    def on_trial_result(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, *, trial: Trial, result: dict[str, Any], **_: object
    ) -> None:
        job: Job = trial.config["job"]
        report = _report(job, int(result[EPOCH])) if EPOCH in result else None
        if report is not None:
            self._phase.observe(EpochEnded(job.record, report))

    def on_trial_error(self, *, trial: Trial, **_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        job: Job = trial.config["job"]
        folder = TrialFolder(job.folder)
        record = folder.record()
        # What the trial said of its own end stands, also where its worker was lost after it.
        if record is None or not record.status.is_final or record.failure == LOST:
            folder.close(Status.FAILED, failure=f"{LOST}: {trial.get_error()}")

    def __getstate__(self) -> dict[str, object]:
        return {}  # Ray pickles its callbacks; ours watches this process alone


def _report(job: Job, epoch: int) -> EpochReport | None:
    history = read_history(TrialFolder(job.folder).history)
    return next((report for report in history if report.epoch == epoch), None)


def _trainable(config: dict[str, Any]) -> None:
    """On a worker."""
    objective = config["objective"]

    def tell(report: EpochReport) -> None:
        tune.report({EPOCH: report.epoch, OBJECTIVE: report.metrics[objective]})

    job: Job = config["job"]
    # A node that was cut off may still be at it while another takes over.
    with held(job.folder / "LOCK", f"Trial {job.record.trial_key}", patience=None):
        perform(job, tell)
