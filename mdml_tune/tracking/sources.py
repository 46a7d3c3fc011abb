"""What there is to publish, found without reading what has been published already."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

from mdml_tune.errors import ReportError
from mdml_tune.records import EpochReport, StudyRecord, TrialRecord
from mdml_tune.storage.atomic import read_json
from mdml_tune.storage.history import last_report
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tasks import Task

Ended = tuple[int, int, int]
"""What changes whenever a trial is ended anew."""


def header(study: StudyFolder) -> StudyRecord:
    """The study without its trials.

    Raises:
        ReportError: There is no such study in the storage.
    """
    values = read_json(study.path / "study.json")
    if values is None:
        raise ReportError(f"There is no study '{study.name}' in {study.storage.path}.")
    return StudyRecord(
        name=study.name,
        tasks=tuple(Task(name) for name in cast("list[str]", values["tasks"])),
        baselines=(),
        trials=(),
        study=cast("dict[str, object]", values["study"]),
        about=cast("dict[str, object]", values["about"]),
    )


def trial_folders(study: StudyFolder) -> Iterator[TrialFolder]:
    """The baselines that the study refers to, then its own trials; each is named by its key."""
    for key in study.references():
        yield study.storage.baseline(key)
    own = study.path / "trials"
    for path in sorted(own.iterdir()) if own.exists() else ():
        yield TrialFolder(path)


def ended(folder: TrialFolder) -> Ended | None:
    """None while the trial has not ended. A baseline ends twice: its test scores come later."""
    try:
        stat = (folder.path / "result.json").stat()
    except FileNotFoundError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def settled_reports(record: TrialRecord, epochs: int) -> tuple[EpochReport, ...]:
    """``epochs`` must have been asked for before the record, which may grow in between."""
    return record.history[:epochs]


def last_birth_ms(study: StudyFolder) -> int:
    """When the youngest report of the study was born: what is computed from all has this age.

    It stays the same however often the same is told again.
    """
    reports = (last_report(folder.history) for folder in trial_folders(study))
    return max((report.timestamp_ms for report in reports if report is not None), default=0)


def start_ms(folder: TrialFolder, record: TrialRecord) -> int:
    """When the trial started, from what it left: a run that is published late tells no lies."""
    opened = modified_ms(folder.path / "trial.json")
    if not record.history:
        return opened
    first = record.history[0]
    took = first.metrics.get("time/epoch_seconds", 0.0)
    return min(opened, first.timestamp_ms - int(took * 1000))


def modified_ms(path: Path) -> int:
    return path.stat().st_mtime_ns // 1_000_000
