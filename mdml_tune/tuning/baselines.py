"""Single-task networks: what delta-m is measured against, trained once for all studies."""

from dataclasses import dataclass
from pathlib import Path

from mdml_tune.config.identity import config_id, trial_key
from mdml_tune.config.schema import plain
from mdml_tune.delta_m import mean_scores
from mdml_tune.errors import MdmlTuneError
from mdml_tune.records import Phase, Scores, Status, TrialRecord
from mdml_tune.spaces.study import Study
from mdml_tune.storage.studies import Storage
from mdml_tune.tasks import Task
from mdml_tune.tuning.jobs import Job, Work


class BaselineFailedError(MdmlTuneError, RuntimeError):
    """A single-task network could not be trained, and without it there is no delta-m."""

    exit_code = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Baselines:
    """The baselines of a study: which they are, and where they stand."""

    study: Study
    storage: Storage
    data_digest: str
    data_root: Path | None

    def jobs(self, work: Work = Work.TRAIN) -> list[Job]:
        """One per task and seed; what the storage has already is done."""
        return [
            self._job(task, seed, work)
            for task in self.study.tasks
            for seed in range(self.study.baseline.seeds)
        ]

    def retry_failed(self) -> None:
        """Let failed ones be trained again: a study cannot go on without them."""
        for job in self.jobs():
            record = self.storage.baseline(job.record.trial_key).record()
            if record is not None and record.status is Status.FAILED:
                self.storage.baseline(job.record.trial_key).reopen()

    def _job(self, task: Task, seed: int, work: Work) -> Job:
        config = self.study.baseline_config(task)
        record = TrialRecord(
            trial_key=trial_key(config, seed, self.data_digest),
            config_id=config_id(config),
            phase=Phase.BASELINE,
            seed=seed,
            method=task,
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


def reference(records: list[TrialRecord]) -> dict[str, float]:
    """Val scores of all tasks' single-task networks, each averaged over its seeds.

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
    scores: dict[str, float] = {}
    for task in dict.fromkeys(record.method for record in records):
        scores |= mean_scores([_val(record) for record in records if record.method == task])
    return scores


def _val(record: TrialRecord) -> Scores:
    return record.scores("val") or {}
