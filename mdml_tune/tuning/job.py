"""One training, or one scoring, to be done somewhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from mdml_tune.config.trial import TrialConfig
from mdml_tune.records import Scores, TrialRecord
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tasks import Task
from mdml_tune.trial import TrialContext


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
    boundaries: int | None = None
    """Every so many epochs a checkpoint is kept that another trial may start from."""
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

    def context(self, fence: Callable[[], None]) -> TrialContext:
        """What ``run_trial`` needs; ``fence`` raises where the trial is no longer ours."""
        return TrialContext(
            seed=self.record.seed,
            folder=TrialFolder(self.folder),
            data_root=self.data_root,
            baseline=self.baseline,
            teachers=self.teachers,
            read_test=self.read_test,
            keep_checkpoint=self.keep_checkpoint,
            boundaries=self.boundaries,
            fence=fence,
            threads=max(1, int(self.record.cpus)),
        )
