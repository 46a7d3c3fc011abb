"""Δm of the confirmed trials on test, which no trial can know: its baselines are scored after it."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mdml_tune.delta_m import delta_m, mean_scores
from mdml_tune.errors import ReportError
from mdml_tune.records import Phase, Scores, Status, TrialRecord
from mdml_tune.storage.atomic import read_json
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tasks import METRICS, Task
from mdml_tune.tracking.points import Point

TEST_GAIN = "test/delta_m"


class TestGain(NamedTuple):
    record: TrialRecord
    point: Point
    """At the last epoch; as old as the youngest report that it was computed from."""


def test_gains(study: StudyFolder, tasks: Sequence[Task]) -> dict[str, TestGain]:
    """By trial key; nothing where scores are missing, and nothing before all baselines have theirs.

    Of a part of the baselines the gain would be another one, and MLflow keeps both.
    """
    tested = [r for r in _records(_own(study), Phase.CONFIRM) if r.test is not None and r.history]
    known = [study.storage.baseline(key) for key in study.references()] if tested else []
    ended = list(_records(known, Phase.BASELINE))
    baselines = [r for r in ended if r.status is Status.COMPLETED]  # the failed never have scores
    if len(ended) < len(known) or any(r.test is None for r in baselines):
        return {}
    try:
        reference = _reference(baselines, tasks)
    except ReportError:
        return {}
    born = max((b.history[-1].timestamp_ms for b in baselines if b.history), default=0)
    found: dict[str, TestGain] = {}
    for record in tested:
        point = _point(record, reference, tasks, born)
        if point is not None:
            found[record.trial_key] = TestGain(record, point)
    return found


def _own(study: StudyFolder) -> list[TrialFolder]:
    folder = study.path / "trials"
    return [TrialFolder(path) for path in sorted(folder.iterdir())] if folder.exists() else []


def _records(folders: Sequence[TrialFolder], phase: Phase) -> Iterator[TrialRecord]:
    """The ended trials of a phase; what cannot be read is told where its run is published."""
    for folder in folders:
        try:
            if folder.is_closed() and _phase(folder) == phase:
                record = folder.record()
                assert record is not None  # noqa: S101 (it has a phase)
                yield record
        except ValueError:
            continue


def _phase(folder: TrialFolder) -> object:
    """From the smallest of its files: most trials are not asked for."""
    return (read_json(folder.path / "trial.json") or {}).get("phase")


def _reference(baselines: Sequence[TrialRecord], tasks: Sequence[Task]) -> Scores:
    """Mean over the seeds of each task's single-task networks.

    Raises:
        ReportError: A task has none with scores on test.
    """
    reference: dict[str, float] = {}
    for task in tasks:
        paths = [metric.path for metric in METRICS[task]]
        tested = [b.test for b in baselines if b.method == task and b.test is not None]
        own = [
            {path: scores[path] for path in paths}
            for scores in tested
            if all(math.isfinite(scores.get(path, math.nan)) for path in paths)
        ]
        if not own:
            raise ReportError(f"No single-task network of {task} has been scored on test.")
        reference |= mean_scores(own)
    return reference


def _point(
    record: TrialRecord, reference: Scores, tasks: Sequence[Task], born_ms: int
) -> Point | None:
    last = record.history[-1]
    try:
        gain = delta_m(record.test or {}, reference, tasks)
    except ReportError:  # a metric is missing, or its baseline is 0
        return None
    if not math.isfinite(gain):
        return None
    return Point(TEST_GAIN, gain, max(last.timestamp_ms, born_ms), last.epoch)
