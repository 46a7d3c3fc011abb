"""The ledger: what MLflow has acknowledged, kept in the folder of the study.

It only saves work. A lost ledger is rebuilt from the tags of the runs, and one that lags behind
leads to a replay, which changes nothing. MLflow is not imported here: readers of run ids are fast.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import cast

from pydantic import TypeAdapter, ValidationError

from mdml_tune.storage.atomic import read_json, write_json
from mdml_tune.storage.studies import StudyFolder


@dataclass(slots=True)
class Entry:
    """One trial, as far as MLflow knows it."""

    run_id: str
    described: bool = False
    """Parameters and data set are there."""
    epochs: int = 0
    test: bool = False
    test_gain: float | None = None
    """The Δm on test that was told, in percent."""
    shown: str | None = None
    """The ``mdml.status`` it bears; none where that has to be set again."""


@dataclass(slots=True)
class Ending:
    """How the study ended, kept until MLflow knows it too."""

    outcome: str
    timestamp_ms: int
    summary: dict[str, float]


@dataclass(slots=True)
class Ledger:
    tracking_uri: str
    """Without user and password: it is compared, not connected to."""
    experiment_id: str | None = None
    parent_run_id: str | None = None
    parent_status: str | None = None
    trials: dict[str, Entry] = field(default_factory=dict[str, Entry])
    artifacts: dict[str, str] = field(default_factory=dict[str, str])
    """Path below the study folder -> SHA-256 of what was uploaded."""
    ending: Ending | None = None
    views: str | None = None
    """Digest of what the experiment was given to be shown with."""


def read_ledger(study: StudyFolder) -> Ledger | None:
    """What was written last; none where nothing readable is there."""
    try:
        values = read_json(_path(study))
        return None if values is None else _LEDGER.validate_python(values["ledger"])
    except (ValueError, KeyError, ValidationError):
        return None  # a copy that can be rebuilt is no reason to stop


def write_ledger(study: StudyFolder, ledger: Ledger) -> None:
    write_json(_path(study), {"ledger": asdict(ledger)})


def run_ids(study: StudyFolder) -> Mapping[str, str]:
    """The MLflow run of each trial that has one, by trial key."""
    values = read_json(_path(study))
    if values is None:
        return {}
    ledger = cast("dict[str, dict[str, dict[str, str]]]", values["ledger"])
    return {key: entry["run_id"] for key, entry in ledger["trials"].items()}


def _path(study: StudyFolder) -> Path:
    return study.path / "mlflow.json"


_LEDGER = TypeAdapter(Ledger)
