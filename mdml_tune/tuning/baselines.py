"""What a study's trials are measured against and learn from, trained once for all studies.

Single-task networks are the reference of delta-m and the teachers of SCD. Where SCD wants to know
how hard the tasks are, or how their gradients agree, one network per seed learns all of them with
equal weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mdml_tune.config.identity import config_id, trial_key
from mdml_tune.config.schema import plain
from mdml_tune.config.trial import TrialConfig
from mdml_tune.delta_m import mean_scores
from mdml_tune.errors import MdmlTuneError
from mdml_tune.records import Phase, Scores, Status, TrialRecord
from mdml_tune.scd.relations import Needs, needs
from mdml_tune.spaces.study import Study
from mdml_tune.storage.studies import Storage
from mdml_tune.tasks import Task
from mdml_tune.tuning.attempts import forget_deaths
from mdml_tune.tuning.job import Job, Work
from mdml_tune.tuning.relating import Evidence

EQUAL_WEIGHTING = "equal_weighting"
"""Method of the reference networks that learn all tasks."""


class BaselineFailedError(MdmlTuneError, RuntimeError):
    """A reference network could not be trained, and the study cannot go on without it."""

    exit_code = 4


NOTHING = Needs(frozenset(), complexity=False)
"""To be known of the tasks where no trial's name depends on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baselines:
    """The baselines of a study: which they are, and where they stand."""

    study: Study
    storage: Storage
    data_digest: str
    data_root: Path | None
    asked: Needs = NOTHING
    """What somebody wants to know of the tasks beyond what the study needs."""

    @property
    def needs(self) -> Needs:
        """What must be known of the tasks before the study's trials have names."""
        own = needs(self.study.corners)
        return Needs(
            own.similarities | self.asked.similarities, own.complexity or self.asked.complexity
        )

    def jobs(self, work: Work = Work.TRAIN) -> list[Job]:
        """Single-task networks, one per task and seed; what the storage has already is done."""
        return [
            self._job(self.study.baseline_config(task), task, seed, work)
            for task in self.study.tasks
            for seed in range(self.study.baseline.seeds)
        ]

    def equal_weighting_jobs(self) -> list[Job]:
        """One network of equal weighting per seed, where SCD needs it."""
        if not self.needs.complexity and "gradient_cosine" not in self.needs.similarities:
            return []
        config = self.study.equal_weighting_config()
        return [
            self._job(config, EQUAL_WEIGHTING, seed, Work.TRAIN)
            for seed in range(self.study.baseline.seeds)
        ]

    def retry_failed(self) -> None:
        """Let failed ones be trained again: a study cannot go on without them."""
        for job in [*self.jobs(), *self.equal_weighting_jobs()]:
            record = self.storage.baseline(job.record.trial_key).record()
            if record is not None and record.status is Status.FAILED:
                folder = self.storage.baseline(job.record.trial_key)
                forget_deaths(folder)
                folder.reopen()

    def trial_key(self, config: TrialConfig, seed: int) -> str:
        """The name of a trial of this study, its teachers included."""
        teachers = [job.record.trial_key for job in self._teaching(config, seed).values()]
        return trial_key(config, seed, self.data_digest, teachers)

    def teachers(self, config: TrialConfig, seed: int) -> dict[Task, Path]:
        """Folders of the networks that a trial is distilled from; none without SCD."""
        return {task: job.folder for task, job in self._teaching(config, seed).items()}

    def evidence(self) -> list[Evidence]:
        """What each seed's ended networks are asked about the tasks; nothing where nobody asks."""
        kinds = tuple(sorted(self.needs.similarities))
        if not kinds:
            return []
        together = {job.record.seed: job.folder for job in self.equal_weighting_jobs()}
        return [
            Evidence(
                data=self.study.data,
                data_root=self.data_root,
                teachers={
                    Task(j.record.method or ""): j.folder
                    for j in self.jobs()
                    if j.record.seed == seed
                },
                equal_weighting=together.get(seed),
                kinds=kinds,
                threads=max(1, int(self.study.resources.cpus)),
            )
            for seed in range(self.study.baseline.seeds)
        ]

    def _teaching(self, config: TrialConfig, seed: int) -> dict[Task, Job]:
        """The single-task networks of the seed that belongs to a trial's."""
        if config.scd is None:
            return {}
        seed %= self.study.baseline.seeds
        return {
            task: self._job(self.study.baseline_config(task), task, seed, Work.TRAIN)
            for task in config.data.tasks
        }

    def _job(self, config: TrialConfig, method: str, seed: int, work: Work) -> Job:
        record = TrialRecord(
            trial_key=trial_key(config, seed, self.data_digest),
            config_id=config_id(config),
            phase=Phase.BASELINE,
            seed=seed,
            method=method,
            config=plain(config),
            cpus=self.study.resources.cpus,
            gpus=self.study.resources.gpus,
        )
        return Job(
            record=record,
            config=config,
            folder=self.storage.baseline(record.trial_key).path,
            data_root=self.data_root,
            keep_checkpoint=True,
            work=work,
        )


def require_completed(records: Sequence[TrialRecord]) -> None:
    """Refuse to go on without every reference network.

    Raises:
        BaselineFailedError: One of them failed; the message says which and why.
    """
    for record in records:
        if record.status is not Status.COMPLETED:
            raise BaselineFailedError(
                f"The baseline of {record.method} (seed {record.seed}) {record.status}: "
                f"{(record.failure or 'it did not end').splitlines()[0]}. Mend its cause and start "
                f"the study again: it goes on from here."
            )


def reference(records: Sequence[TrialRecord]) -> dict[str, float]:
    """Val scores of all tasks' single-task networks, each averaged over its seeds.

    Raises:
        BaselineFailedError: One of them failed; the message says which and why.
    """
    require_completed(records)
    scores: dict[str, float] = {}
    for task in dict.fromkeys(record.method for record in records):
        scores |= mean_scores([_val(record) for record in records if record.method == task])
    return scores


def _val(record: TrialRecord) -> Scores:
    return record.scores("val") or {}
