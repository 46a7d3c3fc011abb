"""One round of Ray Tune: it asks for trials, runs them where there is room, and tells what happens."""

import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.experiment import Trial
from ray.tune.search import Searcher

from mdml_tune.errors import UnavailableError
from mdml_tune.records import EpochReport, TrialRecord
from mdml_tune.storage.history import read_history
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tuning.attempts import begin_anew
from mdml_tune.tuning.book import Book
from mdml_tune.tuning.early_stopping import EPOCH, OBJECTIVES, RuleScheduler
from mdml_tune.tuning.events import EpochEnded, Observer, TrialEnded, TrialStarted
from mdml_tune.tuning.fitness import unfit_for
from mdml_tune.tuning.halting import LOOKS_EVERY, Halt
from mdml_tune.tuning.job import Job
from mdml_tune.tuning.nodes import versions
from mdml_tune.tuning.opening import SEARCH_SEED
from mdml_tune.tuning.performing import perform
from mdml_tune.tuning.stopping.rule import member_of
from mdml_tune.tuning.waiting import Waiting
from mdml_tune.tuning.watchdog import Watchdog

# Of a lost process it prints a stack, and of missing nodes a guess: our notices say both.
logging.getLogger("ray.tune.execution.tune_controller").setLevel(logging.CRITICAL)

STORAGE = "storage"
"""Reported to Ray by a trial that could not write."""

UNFIT = "unfit"
"""Reported to Ray by a trial that was sent to a node that cannot take part."""


@dataclass(slots=True, kw_only=True)
class Round:
    """What Ray has at work, and whom it asks."""

    book: Book
    scheduler: RuleScheduler
    watchdog: Watchdog
    waiting: Waiting
    halt: Halt
    observe: Observer
    job_of: Callable[[TrialRecord], Job]
    died: Callable[[TrialRecord, str], None]
    """Told of a trial whose process is gone, and why."""
    _jobs: dict[str, Job] = field(default_factory=dict[str, Job])
    """By Ray's id of the trial."""
    _looked: float = 0.0
    _unfit: str | None = None

    def run(self, concurrency: int) -> None:
        """Until nothing is left, or the study is to halt; errors of Ray come through.

        Raises:
            UnavailableError: A node that has joined cannot take part in the study.
        """
        study = self.book.study
        ray_folder = self.book.folder.path / "ray"
        resources = {"cpu": study.resources.cpus, "gpu": study.resources.gpus}
        tuner = tune.Tuner(
            tune.with_resources(_trainable, resources),
            tune_config=tune.TuneConfig(
                search_alg=_BookSearcher(self),
                scheduler=self.scheduler,
                num_samples=-1,
                max_concurrent_trials=concurrency,
                # An error on a GPU may leave the whole process unfit for the next trial.
                reuse_actors=study.resources.gpus == 0,
            ),
            run_config=tune.RunConfig(
                name=time.strftime("%Y%m%d-%H%M%S"),
                storage_path=str(ray_folder),
                stop=_Stopper(self.halt),
                # Retries are ours: Ray counts what a trial did itself and what befell its node alike.
                failure_config=tune.FailureConfig(max_failures=0),
                callbacks=[_Teller(self)],
                verbose=0,
            ),
        )
        try:
            tuner.fit()
        finally:
            # Ray's own files tell nothing that the trials' folders do not.
            shutil.rmtree(ray_folder, ignore_errors=True)
            for job in self._jobs.values():
                self.book.put_back(job.record.trial_key)
        if self._unfit is not None:
            raise UnavailableError(self._unfit)

    def begin(self, trial_id: str) -> Job | None:
        """The next trial; none where there is none now."""
        record = None if self.halt() else self.book.next()
        if record is None:
            return None
        begin_anew(self.book.folder.trial(record.trial_key), self.watchdog.session)
        self._jobs[trial_id] = self.job_of(record)
        return self._jobs[trial_id]

    def end(self, trial_id: str) -> None:
        """A trial is over, or was stopped by its rule or with the whole study."""
        key = self._jobs.pop(trial_id).record.trial_key
        ended = self.book.end(key, stopped=key in self.scheduler.stopped)
        if ended is not None:
            self.observe(TrialEnded(ended))

    def lost(self, trial_id: str, reason: str) -> None:
        """A trial's process is gone."""
        job = self._jobs.pop(trial_id, None)
        if job is not None:
            self.died(job.record, reason)

    def sent_to_unfit(self, problem: str) -> None:
        """A trial was sent to a node that cannot take part; it was not begun."""
        self._unfit = self._unfit or problem
        self.halt.reason = self.halt.reason or problem

    def look(self) -> None:
        """Now and then, for trials that stand still, or wait for nodes."""
        if time.monotonic() - self._looked >= LOOKS_EVERY:
            self._looked = time.monotonic()
            for job in self._jobs.values():
                self.watchdog.look(job)
            self.waiting.look(self._jobs.values())


class _BookSearcher(Searcher):
    """Ray's question for the next trial, answered from the book."""

    def __init__(self, work: Round) -> None:
        super().__init__(metric=EPOCH, mode="max")
        self._work = work

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        job = self._work.begin(trial_id)
        if job is None:
            return None if self._work.book.waits else Searcher.FINISHED
        return {
            "trial_key": job.record.trial_key,
            "number": job.record.number,
            "since": member_of(job.record).since,
            "full_length": job.record.seed != SEARCH_SEED,
            "job": job,
            "objectives": self._work.book.study.search.objectives,
            "versions": versions(),
        }

    def on_trial_complete(
        self,
        trial_id: str,
        result: dict[str, Any] | None = None,  # noqa: ARG002 (the history says more)
        error: bool = False,  # noqa: FBT001, FBT002 (Ray's signature)
    ) -> None:
        if not error:  # of an error the callback hears more
            self._work.end(trial_id)

    def save(self, checkpoint_path: str) -> None:
        """Nothing to save: the book is on the disk already."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing to restore."""

    def __getstate__(self) -> dict[str, object]:
        return {}  # Ray pickles its searchers to restore them; we start from the book instead


class _Stopper(tune.Stopper):
    """Ends the round when the study is to halt."""

    def __init__(self, halt: Halt) -> None:
        self._halt = halt

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:  # noqa: ARG002 (Ray's signature)
        return False

    def stop_all(self) -> bool:
        return self._halt()

    def __getstate__(self) -> dict[str, object]:
        return {}


class _Teller(tune.Callback):
    """Passes on what Ray sees."""

    def __init__(self, work: Round) -> None:
        self._work = work

    def on_step_end(self, iteration: int, trials: list[Trial], **_: object) -> None:  # noqa: ARG002 (Ray's signature)
        self._work.look()

    def on_trial_start(self, *, trial: Trial, **_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        job: Job = trial.config["job"]
        self._work.observe(TrialStarted(job.record, job.config.training.epochs))

    def on_trial_result(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, *, trial: Trial, result: dict[str, Any], **_: object
    ) -> None:
        if UNFIT in result:
            self._work.sent_to_unfit(str(result[UNFIT]))
            return
        if STORAGE in result:
            self._work.halt.storage_failed(str(result[STORAGE]))
            return
        job: Job = trial.config["job"]
        report = _report(job.folder, int(result[EPOCH])) if EPOCH in result else None
        if report is not None:
            self._work.observe(EpochEnded(job.record, report))

    def on_trial_error(self, *, trial: Trial, **_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        self._work.lost(trial.trial_id, str(trial.get_error()))

    def __getstate__(self) -> dict[str, object]:
        return {}  # Ray pickles its callbacks; ours watches this process alone


def _report(folder: Path, epoch: int) -> EpochReport | None:
    history = read_history(TrialFolder(folder).history)
    return next((report for report in history if report.epoch == epoch), None)


def _trainable(config: dict[str, Any]) -> None:
    """On a worker."""
    objectives: tuple[str, ...] = config["objectives"]

    def tell(report: EpochReport) -> None:
        values = [report.metrics[name] for name in objectives]
        tune.report({EPOCH: report.epoch, OBJECTIVES: values})

    unfit = unfit_for(config["job"].folder, config["versions"])
    if unfit is not None:
        tune.report({EPOCH: 0, UNFIT: unfit.text})
        return
    problem = perform(config["job"], tell)
    if problem is not None:
        tune.report({EPOCH: 0, STORAGE: problem})  # Ray wants its metric in every report
