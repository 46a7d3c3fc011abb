"""The folder of one trial: who it is, what it measured, how it ended.

``trial.json`` is written before the trial starts and never changes; ``history.jsonl`` grows by a
line per epoch; ``result.json`` appears when the trial has ended; ``checkpoints/`` belongs to
``training``, which leaves in ``checkpoints/LATEST`` the epoch that a restart would go on from.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from mdml_tune.records import Phase, Scores, Status, TrialRecord, Value
from mdml_tune.storage.atomic import read_json, write_json
from mdml_tune.storage.history import count_reports, read_history


@dataclass(frozen=True, slots=True)
class TrialFolder:
    path: Path

    @property
    def history(self) -> Path:
        return self.path / "history.jsonl"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def boundaries(self) -> Path:
        """Checkpoints that other trials may start from; only in population based training."""
        return self.path / "boundaries"

    def open(self, record: TrialRecord) -> None:
        """Write down who the trial is, before it starts."""
        write_json(
            self.path / "trial.json",
            {
                "trial_key": record.trial_key,
                "config_id": record.config_id,
                "phase": record.phase,
                "seed": record.seed,
                "number": record.number,
                "method": record.method,
                "parameters": dict(record.parameters),
                "config": dict(record.config),
                "cpus": record.cpus,
                "gpus": record.gpus,
            },
        )

    def close(
        self, status: Status, *, failure: str | None = None, test: Scores | None = None
    ) -> None:
        """Write down how the trial ended. Closing again replaces what was said before."""
        write_json(
            self.path / "result.json",
            {"status": status, "failure": failure, "test": None if test is None else dict(test)},
        )

    def reopen(self) -> None:
        """Forget how the trial ended, so that it can go on from its last checkpoint."""
        (self.path / "result.json").unlink(missing_ok=True)

    def is_open(self) -> bool:
        return (self.path / "trial.json").exists()

    def is_closed(self) -> bool:
        return (self.path / "result.json").exists()

    def record(self) -> TrialRecord | None:
        """Everything the folder says; none where no trial was opened."""
        who = read_json(self.path / "trial.json")
        if who is None:
            return None
        # Before the history: of a trial that ends meanwhile nothing must be missing.
        end = read_json(self.path / "result.json")
        history = read_history(self.history)
        record = TrialRecord(
            trial_key=str(who["trial_key"]),
            config_id=str(who["config_id"]),
            phase=Phase(str(who["phase"])),
            seed=cast("int", who["seed"]),
            number=cast("int | None", who["number"]),
            method=cast("str | None", who["method"]),
            parameters=cast("dict[str, Value]", who["parameters"]),
            config=cast("dict[str, object]", who["config"]),
            history=history,
            seconds=sum(report.metrics.get("time/epoch_seconds", 0.0) for report in history),
            cpus=cast("float", who["cpus"]),
            gpus=cast("float", who["gpus"]),
        )
        if end is None:
            return record
        return replace(
            record,
            status=Status(str(end["status"])),
            failure=cast("str | None", end["failure"]),
            test=cast("Scores | None", end["test"]),
        )

    def settled_epochs(self) -> int:
        """Epochs whose reports no restart can take back: the ended trial's, or the checkpoint's."""
        if self.is_closed():
            return count_reports(self.history)
        latest = read_json(self.checkpoints / "LATEST")
        return 0 if latest is None else cast("int", latest["epoch"])
