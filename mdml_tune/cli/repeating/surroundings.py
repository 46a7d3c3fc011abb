"""What a recorded trial was trained beside: its study's baselines and its teachers."""

from dataclasses import dataclass
from pathlib import Path

from mdml_tune.config.trial import TrialConfig
from mdml_tune.errors import UnavailableError
from mdml_tune.records import Phase, Scores, Status, StudyRecord, TrialRecord
from mdml_tune.storage.inventory import FoundTrial, references_of
from mdml_tune.storage.studies import Storage
from mdml_tune.tasks import Task
from mdml_tune.tuning.baselines import EQUAL_WEIGHTING, reference


@dataclass(frozen=True, slots=True)
class Surroundings:
    study: StudyRecord | None
    """None of a baseline that no study refers to."""
    baseline: Scores | None
    """Val scores that Δm was measured against; none of a baseline."""
    teachers: dict[Task, TrialRecord]
    """Single-task networks that it was distilled from; none without SCD."""
    storage: Storage

    @property
    def teacher_folders(self) -> dict[Task, Path]:
        return {
            task: self.storage.baseline(teacher.trial_key).path
            for task, teacher in self.teachers.items()
        }

    @property
    def teacher_keys(self) -> list[str]:
        return [teacher.trial_key for teacher in self.teachers.values()]


def surroundings(
    storage: Storage, found: FoundTrial, record: TrialRecord, config: TrialConfig
) -> Surroundings:
    """What the trial was trained beside, from what its study has left.

    Raises:
        UnavailableError: A baseline is no longer there, or a teacher's checkpoint.
    """
    study = None if found.study is None else storage.study(found.study).record()
    if record.phase is Phase.BASELINE or study is None:
        return Surroundings(study, None, {}, storage)
    _require_all_there(storage, study)
    single = [kept for kept in study.baselines if kept.method != EQUAL_WEIGHTING]
    teachers = {} if config.scd is None else _teachers(storage, config, record.seed, single)
    return Surroundings(study, reference(single), teachers, storage)


def _require_all_there(storage: Storage, study: StudyRecord) -> None:
    """Δm against some of the baselines would be another number."""
    there = {kept.trial_key for kept in study.baselines if kept.status is Status.COMPLETED}
    gone = [key for key in references_of(storage.study(study.name).path) if key not in there]
    if gone:
        raise _gone(storage, study, f"{len(gone)} of the baselines ({', '.join(gone[:3])})")


def _teachers(
    storage: Storage, config: TrialConfig, seed: int, single: list[TrialRecord]
) -> dict[Task, TrialRecord]:
    seed %= len({kept.seed for kept in single})
    of_seed = {kept.method: kept for kept in single if kept.seed == seed}
    teachers = {task: of_seed[task] for task in config.data.tasks}
    for task, teacher in teachers.items():
        checkpoints = storage.baseline(teacher.trial_key).checkpoints
        if not (checkpoints / "LATEST").exists():
            raise UnavailableError(
                f"The trial was distilled from the baseline of {task} (seed {seed}, "
                f"{teacher.trial_key}), and no checkpoint of it is left in {checkpoints}. Restore "
                f"it, or delete that baseline's folder and train it again with: mdml-tune baselines"
            )
    return teachers


def _gone(storage: Storage, study: StudyRecord, what: str) -> UnavailableError:
    path = storage.study(study.name).path / "study.yaml"
    return UnavailableError(
        f"{what} of study '{study.name}', against which its Δm is measured, are not in "
        f"{storage.path}. Train them again with: mdml-tune baselines {path}"
    )
