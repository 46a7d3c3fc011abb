"""The folder of a study, and the storage that studies share."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from mdml_tune.errors import ConfigError, ReportError
from mdml_tune.records import StudyRecord, TrialRecord
from mdml_tune.storage.atomic import read_json, write_json
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tasks import Task

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""What a study may be called: it becomes a folder and an MLflow experiment."""


@dataclass(frozen=True, slots=True)
class Storage:
    """Where everything is kept: studies by name, baselines by content."""

    path: Path

    @classmethod
    def at(cls, location: str) -> "Storage":
        """The storage at a folder.

        Raises:
            ConfigError: The location is a URI; only folders (shared ones too) can be used so far.
        """
        if "://" in location:
            raise ConfigError(
                f"--storage {location}: object stores cannot be used yet. Give a folder; on "
                f"several nodes, one that all of them mount."
            )
        return cls(Path(location).expanduser().absolute())

    def study(self, name: str) -> "StudyFolder":
        """The folder of one study, whether it is there yet or not.

        Raises:
            ConfigError: The name cannot be a folder and an MLflow experiment.
        """
        if not NAME.fullmatch(name):
            raise ConfigError(
                f"A study cannot be called {name!r}: use up to 100 letters, digits, '.', '_' and "
                f"'-', beginning with a letter or digit."
            )
        return StudyFolder(self, name)

    def studies(self) -> list[str]:
        """Names of the studies there are, the newest last."""
        found = (self.path / "studies").glob("*/study.json")
        return [path.parent.name for path in sorted(found, key=lambda path: path.stat().st_mtime)]

    @property
    def baselines(self) -> Path:
        return self.path / "baselines"

    def baseline(self, trial_key: str) -> TrialFolder:
        return TrialFolder(self.baselines / trial_key)


@dataclass(frozen=True, slots=True)
class StudyFolder:
    storage: Storage
    name: str

    @property
    def path(self) -> Path:
        return self.storage.path / "studies" / self.name

    @property
    def results(self) -> Path:
        return self.path / "results"

    @property
    def relations(self) -> Path:
        """How its tasks are related; there once SCD has asked."""
        return self.path / "scd.json"

    def trial(self, trial_key: str) -> TrialFolder:
        return TrialFolder(self.path / "trials" / trial_key)

    def exists(self) -> bool:
        return (self.path / "study.json").exists()

    def open(
        self, study: Mapping[str, object], tasks: Sequence[Task], about: Mapping[str, object]
    ) -> None:
        """Write down what is going to be run."""
        write_json(
            self.path / "study.json",
            {"study": dict(study), "tasks": list(tasks), "about": dict(about)},
        )

    def note_end(self, *, over: bool) -> None:
        """Write down whether the study has come to its end; who goes on with it takes it back."""
        if over:
            write_json(self.path / "over.json", {})
        else:
            (self.path / "over.json").unlink(missing_ok=True)

    def is_over(self) -> bool:
        """Whether the study has done all that it was asked for, or could."""
        return (self.path / "over.json").exists()

    def refer_to(self, baselines: Sequence[str]) -> None:
        """Write down which of the storage's baselines this study is measured against."""
        write_json(self.path / "references.json", {"baselines": list(baselines)})

    def references(self) -> list[str]:
        """Keys of the baselines that it is measured against."""
        references = read_json(self.path / "references.json") or {"baselines": []}
        return cast("list[str]", references["baselines"])

    def record(self) -> StudyRecord:
        """Everything the study has left behind so far.

        Raises:
            ReportError: There is no such study in the storage.
        """
        study = read_json(self.path / "study.json")
        if study is None:
            there = ", ".join(self.storage.studies()) or "none"
            raise ReportError(
                f"There is no study '{self.name}' in {self.storage.path} (studies there: {there}). "
                f"Name one of them, or say where it is with --storage."
            )
        trials = _records(TrialFolder(path.parent) for path in self._trial_files())
        return StudyRecord(
            name=self.name,
            tasks=tuple(Task(name) for name in cast("list[str]", study["tasks"])),
            baselines=tuple(_records(map(self.storage.baseline, self.references()))),
            trials=tuple(sorted(trials, key=_order)),
            study=cast("dict[str, object]", study["study"]),
            about=cast("dict[str, object]", study["about"]),
        )

    def _trial_files(self) -> list[Path]:
        return sorted((self.path / "trials").glob("*/trial.json"))


def _records(folders: Iterable[TrialFolder]) -> list[TrialRecord]:
    return [record for folder in folders if (record := folder.record()) is not None]


def _order(record: TrialRecord) -> tuple[bool, int, str, int]:
    """Searched trials by number, then confirmations by configuration and seed."""
    number = -1 if record.number is None else record.number
    return (record.number is None, number, record.config_id, record.seed)
