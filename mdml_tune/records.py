"""The vocabulary of what is left behind: reports per epoch, records per trial, a study of both.

These are plain values. ``storage`` writes and reads them; training, tuning, tracking and analysis
speak through them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mdml_tune.tasks import Task

Scores = Mapping[str, float]
"""Metric path (``depth/abs_err``) -> value, in the metric's own unit."""

Value = str | int | float | bool | None
"""What a searched parameter can be."""


DIVERGED = "diverged"
"""What the ``failure`` of a trial begins with whose training did not stay finite."""


class Phase(StrEnum):
    BASELINE = "baseline"
    SEARCH = "search"
    CONFIRM = "confirm"


class Status(StrEnum):
    RUNNING = "running"
    """Not ended: at work, waiting to start, or interrupted and to be resumed."""
    COMPLETED = "completed"
    PRUNED = "pruned"
    """Ended early by the early-stopping rule."""
    FAILED = "failed"
    """Diverged or crashed; ``TrialRecord.failure`` says why."""

    @property
    def is_final(self) -> bool:
        return self is not Status.RUNNING


@dataclass(frozen=True, slots=True)
class EpochReport:
    """What one epoch showed. Never changed after its birth, timestamp included."""

    epoch: int
    """Epochs completed so far: the first report is 1."""

    timestamp_ms: int
    """Unix time in milliseconds at which the values were born."""

    metrics: Mapping[str, float]
    """Under their MLflow names: ``train/loss``, ``val/depth/abs_err``, ``val/delta_m``, ..."""

    def split(self, prefix: str) -> dict[str, float]:
        """The metrics below ``prefix``, without it: ``split('val')`` gives ``depth/abs_err``."""
        start = f"{prefix}/"
        return {k.removeprefix(start): v for k, v in self.metrics.items() if k.startswith(start)}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRecord:
    """One training run: of a baseline, a searched configuration, or a finalist."""

    trial_key: str
    config_id: str
    phase: Phase
    seed: int
    number: int | None = None
    """Order in which the searcher asked for it, from 0; none outside the search."""
    method: str | None = None
    """Name under ``methods`` of the study file, or of the single task for a baseline."""
    parameters: Mapping[str, Value] = field(default_factory=dict[str, Value])
    """What the search chose, under dotted paths (``mutual.weight.depth``)."""
    config: Mapping[str, object] = field(default_factory=dict[str, object])
    """The whole resolved configuration, as nested plain values."""
    status: Status = Status.RUNNING
    failure: str | None = None
    history: tuple[EpochReport, ...] = ()
    """One report per completed epoch, in order, without gaps."""
    test: Scores | None = None
    """Test scores of the reported network and, under ``ensemble/`` and ``peers_mean/``, of the
    others; none where the test split was not read."""
    seconds: float = 0.0
    """Time that the epochs of its history took, training and evaluation; what a restart had to do
    again counts once."""
    cpus: float = 1.0
    gpus: float = 0.0
    """GPUs (fractions allowed) held while it ran."""

    @property
    def last(self) -> EpochReport | None:
        return self.history[-1] if self.history else None

    def scores(self, split: str) -> dict[str, float] | None:
        """Every score on ``val`` (of the last epoch) or ``test``; none where there are none."""
        if split == "test":
            return None if self.test is None else dict(self.test)
        return None if self.last is None else self.last.split(split)

    @property
    def diverged(self) -> bool:
        """Whether a loss or score stopped being finite: an outcome of the configuration."""
        return self.status is Status.FAILED and (self.failure or "").startswith(DIVERGED)

    @property
    def crashed(self) -> bool:
        """Whether it failed for a reason outside the configuration, and may be tried again."""
        return self.status is Status.FAILED and not self.diverged

    @property
    def gpu_hours(self) -> float:
        return self.seconds * self.gpus / 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyRecord:
    """Everything that a study has left behind so far."""

    name: str
    tasks: tuple[Task, ...]
    baselines: tuple[TrialRecord, ...]
    """Single-task networks: the one task of each is its ``method``."""
    trials: tuple[TrialRecord, ...]
    """Of search and confirm, in the order in which they were started."""
    study: Mapping[str, object] = field(default_factory=dict[str, object])
    """The study file as run."""
    about: Mapping[str, object] = field(default_factory=dict[str, object])
    """Provenance: versions, git commit, data digest, when it was started."""
