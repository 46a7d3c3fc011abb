"""Trainings that wait for nobody's advice: baselines and confirmations, as Ray tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import ray
from ray.exceptions import RayError

from mdml_tune.errors import MdmlTuneError, UnavailableError
from mdml_tune.records import Status, TrialRecord
from mdml_tune.spaces.plan import Resources
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tuning.attempts import begin_anew, note_death
from mdml_tune.tuning.cluster import living_nodes, session_id
from mdml_tune.tuning.events import EpochEnded, Notice, Observer, TrialEnded, TrialStarted
from mdml_tune.tuning.fitness import Unfit, unfit_for
from mdml_tune.tuning.halting import Halt, HaltedError
from mdml_tune.tuning.job import Job, Work
from mdml_tune.tuning.nodes import versions
from mdml_tune.tuning.performing import perform
from mdml_tune.tuning.waiting import Waiting
from mdml_tune.tuning.watchdog import Watchdog

POLL_SECONDS = 0.5

LOST_NODES = 20
"""How often a job is begun again after its node was lost."""


class ScoringFailedError(MdmlTuneError, RuntimeError):
    """A baseline could not be scored on test, and without that nothing can be confirmed."""

    exit_code = 4


def run_jobs(
    jobs: Sequence[Job], resources: Resources, concurrency: int, observe: Observer, halt: Halt
) -> list[TrialRecord]:
    """Run what is not done yet, ``concurrency`` at a time; the records of all, in their order.

    Raises:
        HaltedError: There was a reason to halt; what was running goes on the next time.
        UnavailableError: A node that has joined cannot take part in the study.
    """
    session = session_id()
    watchdog, waiting = Watchdog(resources.stall_timeout, session), Waiting(observe, session)
    work = _Work(resources, observe, watchdog, waiting, halt)
    work.left = [job for job in jobs if not job.done]
    # What runs when this is left ends with the session: Ray 2.60 may abort the whole process where
    # a task is cancelled by force just as it ends.
    while work.left or work.running:
        if halt():
            raise HaltedError
        work.start(concurrency)
        work.look()
    return [_record(job) for job in jobs]


@dataclass(slots=True)
class _Watched:
    """A running job, and how much of its history has been told."""

    job: Job
    told: int = 0


@dataclass(slots=True)
class _Work:
    resources: Resources
    observe: Observer
    watchdog: Watchdog
    waiting: Waiting
    halt: Halt
    left: list[Job] = field(default_factory=list[Job])
    running: dict[Any, _Watched] = field(default_factory=dict[Any, _Watched])
    losses: dict[str, int] = field(default_factory=dict[str, int])

    def start(self, concurrency: int) -> None:
        while self.left and len(self.running) < concurrency:
            job = self.left.pop(0)
            folder = TrialFolder(job.folder)
            if not folder.is_open():
                folder.open(job.record)
            self.observe(TrialStarted(job.record, job.config.training.epochs))
            self._submit(_Watched(job))

    def look(self) -> None:
        """Wait a little, and tell what has happened."""
        ended, _ = ray.wait(list(self.running), timeout=POLL_SECONDS)
        for watched in self.running.values():
            self._tell(watched)
            self.watchdog.look(watched.job)
        self.waiting.look(watched.job for watched in self.running.values())
        for reference in ended:
            watched = self.running.pop(reference)
            if self._has_ended(reference, watched):
                self._tell(watched)
                self.observe(TrialEnded(_record(watched.job)))

    def _submit(self, watched: _Watched) -> None:
        begin_anew(TrialFolder(watched.job.folder), self.watchdog.session)
        # Retries are ours: Ray would count what a trial did itself and what befell its node alike.
        remote: Any = ray.remote(_run).options(  # pyright: ignore[reportFunctionMemberAccess]
            num_cpus=self.resources.cpus, num_gpus=self.resources.gpus, max_retries=0
        )
        self.running[remote.remote(watched.job, versions())] = watched

    def _has_ended(self, reference: object, watched: _Watched) -> bool:
        job = watched.job
        try:
            problem = ray.get(reference)  # pyright: ignore[reportArgumentType, reportCallIssue]
        except RayError as error:
            return self._after_death(watched, str(error))
        if isinstance(problem, Unfit):
            raise UnavailableError(problem.text)
        if problem is not None:
            self.halt.storage_failed(str(problem))
            return False
        if job.done:
            return True
        return self._after_death(watched, "its trial was taken over")

    def _after_death(self, watched: _Watched, reason: str) -> bool:
        """Begin the job again, unless that was once too often."""
        job = watched.job
        key = job.record.trial_key
        if job.work is Work.SCORE_TEST:
            return self._score_again(watched, reason)
        session, retries = self.watchdog.session, self.resources.retries
        said = note_death(
            TrialFolder(job.folder), session, reason, alive=living_nodes(), retries=retries
        )
        if said is not None:
            self.observe(Notice(f"trial {key}: {said}"))
        if job.done:
            return True
        self.losses[key] = self.losses.get(key, 0) + 1
        if self.losses[key] > LOST_NODES:
            TrialFolder(job.folder).close(Status.FAILED, failure=f"its nodes were lost: {reason}")
            return True
        self._submit(watched)
        return False

    def _score_again(self, watched: _Watched, reason: str) -> bool:
        job = watched.job
        key = job.record.trial_key
        self.losses[key] = self.losses.get(key, 0) + 1
        if self.losses[key] > self.resources.retries:
            raise ScoringFailedError(
                f"The baseline of {job.record.method} (seed {job.record.seed}, {job.folder}) could "
                f"not be scored on test: {reason}. Mend the cause and start the study again."
            )
        self._submit(watched)
        return False

    def _tell(self, watched: _Watched) -> None:
        record = _record(watched.job)
        for report in record.history[watched.told :]:
            self.observe(EpochEnded(record, report))
        watched.told = max(watched.told, len(record.history))


def _run(job: Job, ours: Mapping[str, str]) -> str | Unfit | None:
    """On a worker."""
    return unfit_for(job.folder, ours) or perform(job, lambda _: None)


def _record(job: Job) -> TrialRecord:
    record = TrialFolder(job.folder).record()
    return record if record is not None else replace(job.record, status=Status.RUNNING)
