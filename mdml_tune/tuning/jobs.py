"""Trainings that wait for nobody's advice: baselines and confirmations, as Ray tasks."""

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError

from mdml_tune.config.trial import TrialConfig
from mdml_tune.errors import MdmlTuneError
from mdml_tune.records import Scores, Status, TrialRecord
from mdml_tune.spaces.study import Resources
from mdml_tune.storage.lock import held
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tasks import Task
from mdml_tune.trial import OnEpoch, TrialContext, run_trial, score_test
from mdml_tune.tuning.events import EpochEnded, Observer, TrialEnded, TrialStarted

POLL_SECONDS = 0.5


class ScoringFailedError(MdmlTuneError, RuntimeError):
    """A baseline could not be scored on test, and without that nothing can be confirmed."""

    exit_code = 4


NODE_LOSSES = 5
"""How often a task is begun again after its worker or node was lost."""


class Work(StrEnum):
    TRAIN = "train"
    SCORE_TEST = "score_test"
    """Of a baseline that was trained without looking at the test split."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One trial to run somewhere; crosses processes, so it holds plain values alone."""

    record: TrialRecord
    config: TrialConfig
    folder: Path
    data_root: Path | None
    baseline: Scores | None = None
    teachers: Mapping[Task, Path] = field(default_factory=dict[Task, Path])
    """Folders of the single-task networks that it is distilled from."""
    read_test: bool = False
    keep_checkpoint: bool = False
    work: Work = Work.TRAIN

    @property
    def done(self) -> bool:
        """Whether its folder says that nothing is left to do."""
        record = TrialFolder(self.folder).record()
        if record is None or not record.status.is_final:
            return False
        return self.work is Work.TRAIN or record.test is not None

    @property
    def crashed(self) -> bool:
        """Whether it failed for a reason outside its configuration."""
        record = TrialFolder(self.folder).record()
        return record is not None and record.crashed

    def context(self) -> TrialContext:
        return TrialContext(
            seed=self.record.seed,
            folder=TrialFolder(self.folder),
            data_root=self.data_root,
            baseline=self.baseline,
            teachers=self.teachers,
            read_test=self.read_test,
            keep_checkpoint=self.keep_checkpoint,
            threads=max(1, int(self.record.cpus)),
        )


def perform(job: Job, on_epoch: OnEpoch) -> None:
    """Do the job here; an error of a training closes its folder as failed, with the traceback."""
    if job.work is Work.SCORE_TEST:
        score_test(job.config, job.context())  # whatever goes wrong, the training stays good
        return
    folder = TrialFolder(job.folder)
    try:
        run_trial(job.config, job.context(), on_epoch)
    except Exception as error:  # noqa: BLE001 (whatever it is, it belongs to this trial alone)
        reason = f"{type(error).__name__}: {error}\n{traceback.format_exc()}"
        folder.close(Status.FAILED, failure=reason)


def run_jobs(
    jobs: Sequence[Job], resources: Resources, concurrency: int, observe: Observer
) -> list[TrialRecord]:
    """Run what is not done yet, ``concurrency`` at a time; the records of all, in their order."""
    waiting = [job for job in jobs if not job.done]
    running: dict[Any, _Watched] = {}
    remote = ray.remote(_run).options(  # pyright: ignore[reportFunctionMemberAccess]
        num_cpus=resources.cpus, num_gpus=resources.gpus, max_retries=NODE_LOSSES
    )
    try:
        while waiting or running:
            while waiting and len(running) < concurrency:
                job = waiting.pop(0)
                _open(job)
                observe(TrialStarted(job.record, job.config.training.epochs))
                running[remote.remote(job)] = _Watched(job)
            ended, _ = ray.wait(list(running), timeout=POLL_SECONDS)
            for watched in running.values():
                watched.tell(observe)
            for reference in ended:
                watched = running.pop(reference)
                _settle(reference, watched.job)
                watched.tell(observe)
                observe(TrialEnded(_record(watched.job)))
    finally:
        for reference in running:
            ray.cancel(reference, force=True)
    return [_record(job) for job in jobs]


def _run(job: Job) -> None:
    """On a worker. Studies may want the same baseline at once: one trains, the others wait."""
    with held(job.folder / "LOCK", f"Trial {job.record.trial_key}", patience=None):
        if not job.done:
            perform(job, lambda _: None)


def _open(job: Job) -> None:
    folder = TrialFolder(job.folder)
    if not folder.is_open():
        folder.open(job.record)


def _settle(reference: object, job: Job) -> None:
    """What the worker could not write down itself: that it was lost once too often."""
    try:
        ray.get(reference)  # pyright: ignore[reportArgumentType, reportCallIssue]
    except RayError as error:
        if job.work is Work.SCORE_TEST:
            raise ScoringFailedError(
                f"The baseline of {job.record.method} (seed {job.record.seed}, {job.folder}) could "
                f"not be scored on test: {error}. Mend the cause and start the study again."
            ) from error
        if not job.done:
            TrialFolder(job.folder).close(Status.FAILED, failure=f"worker lost: {error}")


def _record(job: Job) -> TrialRecord:
    record = TrialFolder(job.folder).record()
    return record if record is not None else replace(job.record, status=Status.RUNNING)


@dataclass(slots=True)
class _Watched:
    """A running job, and how much of its history has been told."""

    job: Job
    told: int = 0

    def tell(self, observe: Observer) -> None:
        record = _record(self.job)
        for report in record.history[self.told :]:
            observe(EpochEnded(record, report))
        self.told = max(self.told, len(record.history))
