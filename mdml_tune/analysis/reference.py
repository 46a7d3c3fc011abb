"""The single-task networks that everything is measured against."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from mdml_tune.delta_m import mean_scores
from mdml_tune.errors import ReportError
from mdml_tune.records import Scores, Status, StudyRecord, TrialRecord
from mdml_tune.tasks import METRICS, Task


@dataclass(frozen=True, slots=True)
class Reference:
    """Single-task scores on one split."""

    split: str
    mean: Scores
    """Mean over seeds of each metric of each task: what Δm is relative to."""
    of_seeds: Mapping[Task, tuple[Scores, ...]]
    """The scores of each seed's network, task by task."""


def reference(study: StudyRecord, split: str) -> Reference:
    """The baselines of ``study`` on ``val`` (their last epoch) or ``test``.

    Raises:
        ReportError: A task has no finished baseline with scores on that split.
    """
    of_seeds = {task: _of_task(study, task, split) for task in study.tasks}
    means = [mean_scores(scores) for scores in of_seeds.values()]
    return Reference(
        split, {path: value for mean in means for path, value in mean.items()}, of_seeds
    )


def finished_baselines(study: StudyRecord, task: Task) -> list[TrialRecord]:
    """The networks of ``task`` alone that were trained to the end, by seed."""
    found = [b for b in study.baselines if b.method == task and b.status is Status.COMPLETED]
    return sorted(found, key=lambda baseline: baseline.seed)


def _of_task(study: StudyRecord, task: Task, split: str) -> tuple[Scores, ...]:
    paths = [metric.path for metric in METRICS[task]]
    candidates = [baseline.scores(split) or {} for baseline in finished_baselines(study, task)]
    found = tuple(
        {path: scores[path] for path in paths}
        for scores in candidates
        if all(math.isfinite(scores.get(path, math.nan)) for path in paths)
    )
    if not found:
        raise ReportError(
            f"The study '{study.name}' has no finished single-task baseline of '{task}' with scores "
            f"on {split} ({_there(study)}), so no Δm can be given. "
            f"Let the study go on: mdml-tune search trains them, and scores them on test before it "
            f"confirms."
        )
    return found


def _there(study: StudyRecord) -> str:
    there = [f"{b.method} with seed {b.seed}: {b.status}" for b in study.baselines]
    return f"baselines there: {', '.join(there) or 'none'}"
