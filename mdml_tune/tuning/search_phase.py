"""The search: Ray Tune runs the trials, our book says which."""

import re
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.error import TuneError
from ray.tune.experiment import Trial
from ray.tune.search import Searcher

from mdml_tune.config.load import load_trial
from mdml_tune.errors import MdmlTuneError
from mdml_tune.records import EpochReport, Scores, Status, TrialRecord
from mdml_tune.spaces.plan import PbtStopping
from mdml_tune.storage.faults import storage_failure, unusable
from mdml_tune.storage.history import read_history
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tuning.attempts import attempt_on, begin_anew, deaths_of, note_death
from mdml_tune.tuning.book import Book
from mdml_tune.tuning.cluster import living_nodes, session_id
from mdml_tune.tuning.early_stopping import EPOCH, OBJECTIVES, RuleScheduler
from mdml_tune.tuning.events import EpochEnded, Notice, Observer, TrialEnded, TrialStarted
from mdml_tune.tuning.halting import LOOKS_EVERY, Halt, HaltedError
from mdml_tune.tuning.job import Job
from mdml_tune.tuning.jobs import LOST_NODES
from mdml_tune.tuning.opening import SEARCH_SEED
from mdml_tune.tuning.performing import perform
from mdml_tune.tuning.stopping.build import build_rule
from mdml_tune.tuning.stopping.replay import replay
from mdml_tune.tuning.watchdog import Watchdog

STORAGE = "storage"
"""Reported to Ray by a trial that could not write."""

BARREN_ROUNDS = 3
"""How often in a row Ray may give up before any trial has moved."""

_KILLED = re.compile(r"pid=(\d+)")
"""In what Ray says of a process that its memory monitor has killed."""


@dataclass(slots=True, kw_only=True)
class SearchPhase:
    book: Book
    baseline: Scores
    """Val scores of the single-task networks, averaged over seeds."""
    concurrency: int
    observe: Observer
    halt: Halt
    losses: dict[str, int] = field(default_factory=dict[str, int])
    """How often the node of a trial was lost."""

    def run(self) -> None:
        """Run until the study has its trials.

        Ray gives up a whole search where one process was killed for want of memory, or where it
        cannot write. What it ran stands in the trials' folders, so it is started again from there.

        Raises:
            HaltedError: There was a reason to halt; what was running goes on the next time.
            RuntimeError: Ray gave up several times in a row, and nothing had moved.
        """
        barren = 0
        while True:
            before = self._progress()
            try:
                if not self._round():
                    break
            except MdmlTuneError:
                raise  # ours, not Ray's: it says itself what to do
            except (TuneError, RuntimeError, OSError, EOFError) as error:
                self._after_failure(error)
                barren = 0 if self._progress() != before else barren + 1
                if barren == BARREN_ROUNDS:
                    raise
                self.observe(Notice(f"Ray gave up ({_first_line(error)}); going on from the disk"))
            if self.halt():
                raise HaltedError
        self.book.close()

    def _round(self) -> bool:
        """Let Ray run what is left; whether something was."""
        study = self.book.study
        search = study.search
        rule = build_rule(search.early_stopping, study.epochs, search.seed)
        for key in replay(rule, self.book.records, search.objectives):
            self._tell_end(self.book.end(key, stopped=True))
        first = self.book.next()
        if first is None:
            return False
        self.book.put_back(first.trial_key)
        ray_folder = self.book.folder.path / "ray"
        resources = {"cpu": study.resources.cpus, "gpu": study.resources.gpus}
        scheduler = RuleScheduler(rule)
        running = _Running(self, scheduler)
        tuner = tune.Tuner(
            tune.with_resources(_trainable, resources),
            tune_config=tune.TuneConfig(
                search_alg=_BookSearcher(running),
                scheduler=scheduler,
                num_samples=-1,
                max_concurrent_trials=self.concurrency,
                # An error on a GPU may leave the whole process unfit for the next trial.
                reuse_actors=study.resources.gpus == 0,
            ),
            run_config=tune.RunConfig(
                name=time.strftime("%Y%m%d-%H%M%S"),
                storage_path=str(ray_folder),
                stop=_Stopper(self.halt),
                # Retries are ours: Ray counts what a trial did itself and what befell its node alike.
                failure_config=tune.FailureConfig(max_failures=0),
                callbacks=[_Teller(running)],
                verbose=0,
            ),
        )
        try:
            tuner.fit()
        finally:
            # Ray's own files tell nothing that the trials' folders do not.
            shutil.rmtree(ray_folder, ignore_errors=True)
            running.put_all_back()
        return True

    def job(self, record: TrialRecord) -> Job:
        stopping = self.book.study.search.early_stopping
        return Job(
            record=record,
            config=(config := load_trial(record.config)),
            folder=self.book.folder.trial(record.trial_key).path,
            data_root=self.book.baselines.data_root,
            baseline=self.baseline,
            teachers=self.book.baselines.teachers(config, record.seed),
            keep_checkpoint=self.book.study.keep == "all",
            boundaries=stopping.interval_epochs if isinstance(stopping, PbtStopping) else None,
        )

    def died(self, record: TrialRecord, reason: str) -> None:
        """Count the death of a trial's process, and end the trial where it was one too many."""
        key = record.trial_key
        folder = self.book.folder.trial(key)
        retries = self.book.study.resources.retries
        said = note_death(folder, session_id(), reason, alive=living_nodes(), retries=retries)
        if said is not None:
            self.observe(Notice(f"trial {key}: {said}"))
        self.losses[key] = self.losses.get(key, 0) + 1
        if self.losses[key] > LOST_NODES and not folder.is_closed():
            folder.close(Status.FAILED, failure=f"its nodes were lost: {reason}")
        self._tell_end(self.book.end(key))

    def _tell_end(self, record: TrialRecord | None) -> None:
        if record is not None:
            self.observe(TrialEnded(record))

    def _after_failure(self, error: Exception) -> None:
        problem = storage_failure(error) or unusable(self.book.folder.path)
        if problem is not None:
            self.halt.storage_failed(problem)
            return
        killed = {int(pid) for pid in _KILLED.findall(str(error))}
        for record in self.book.records:
            attempt = attempt_on(self.book.folder.trial(record.trial_key), session_id())
            if not record.status.is_final and attempt is not None and attempt.pid in killed:
                self.died(record, f"out of memory: {error}")

    def _progress(self) -> tuple[int, ...]:
        """Epochs, ends and deaths: as long as one of them grows, going on may help."""
        return tuple(
            len(record.history)
            + record.status.is_final
            + len(deaths_of(self.book.folder.trial(record.trial_key)))
            for record in self.book.records
        )


@dataclass(slots=True)
class _Running:
    """What one round of Ray has at work."""

    phase: SearchPhase
    scheduler: RuleScheduler
    jobs: dict[str, Job] = field(default_factory=dict[str, Job])
    """By Ray's id of the trial."""
    watchdog: Watchdog = field(init=False)
    looked: float = 0.0

    def __post_init__(self) -> None:
        timeout = self.phase.book.study.resources.stall_timeout
        self.watchdog = Watchdog(timeout, session_id())

    def begin(self, trial_id: str) -> Job | None:
        record = None if self.phase.halt() else self.phase.book.next()
        if record is None:
            return None
        begin_anew(self.phase.book.folder.trial(record.trial_key), self.watchdog.session)
        self.jobs[trial_id] = self.phase.job(record)
        return self.jobs[trial_id]

    def end(self, trial_id: str) -> None:
        """A trial is over, or was stopped by its rule or with the whole study."""
        key = self.jobs.pop(trial_id).record.trial_key
        ended = self.phase.book.end(key, stopped=key in self.scheduler.stopped)
        if ended is not None:
            self.phase.observe(TrialEnded(ended))

    def died(self, trial_id: str, reason: str) -> None:
        job = self.jobs.pop(trial_id, None)
        if job is not None:
            self.phase.died(job.record, reason)

    def look(self) -> None:
        """Now and then, for trials that stand still."""
        if time.monotonic() - self.looked >= LOOKS_EVERY:
            self.looked = time.monotonic()
            for job in self.jobs.values():
                self.watchdog.look(job)

    def put_all_back(self) -> None:
        for job in self.jobs.values():
            self.phase.book.put_back(job.record.trial_key)


class _BookSearcher(Searcher):
    """Ray's question for the next trial, answered from the book."""

    def __init__(self, running: _Running) -> None:
        super().__init__(metric=EPOCH, mode="max")
        self._running = running

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        job = self._running.begin(trial_id)
        if job is None:
            return None if self._running.phase.book.waits else Searcher.FINISHED
        return {
            "trial_key": job.record.trial_key,
            "number": job.record.number,
            "full_length": job.record.seed != SEARCH_SEED,
            "job": job,
            "objectives": self._running.phase.book.study.search.objectives,
        }

    def on_trial_complete(
        self,
        trial_id: str,
        result: dict[str, Any] | None = None,  # noqa: ARG002 (the history says more)
        error: bool = False,  # noqa: FBT001, FBT002 (Ray's signature)
    ) -> None:
        if not error:  # of an error the callback hears more
            self._running.end(trial_id)

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

    def __init__(self, running: _Running) -> None:
        self._running = running

    def on_step_end(self, iteration: int, trials: list[Trial], **_: object) -> None:  # noqa: ARG002 (Ray's signature)
        self._running.look()

    def on_trial_start(self, *, trial: Trial, **_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        job: Job = trial.config["job"]
        self._running.phase.observe(TrialStarted(job.record, job.config.training.epochs))

    def on_trial_result(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, *, trial: Trial, result: dict[str, Any], **_: object
    ) -> None:
        if STORAGE in result:
            self._running.phase.halt.storage_failed(str(result[STORAGE]))
            return
        job: Job = trial.config["job"]
        report = _report(job.folder, int(result[EPOCH])) if EPOCH in result else None
        if report is not None:
            self._running.phase.observe(EpochEnded(job.record, report))

    def on_trial_error(self, *, trial: Trial, **_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        self._running.died(trial.trial_id, str(trial.get_error()))

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

    problem = perform(config["job"], tell)
    if problem is not None:
        tune.report({EPOCH: 0, STORAGE: problem})  # Ray wants its metric in every report


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
