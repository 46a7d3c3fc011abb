"""Training a recorded trial again, as far as it came."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mdml_tune.cli.epochs import epochs_shown
from mdml_tune.cli.repeating.surroundings import Surroundings
from mdml_tune.config.trial import TrialConfig
from mdml_tune.errors import ConfigError
from mdml_tune.records import EpochReport, Status, TrialRecord
from mdml_tune.storage.studies import Storage
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.training.checkpoint import drop_checkpoints
from mdml_tune.trial import TrialContext, run_trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the user wants reproduced, and how."""

    storage: Storage
    key: str
    out: Path | None
    data_root: Path | None
    threads: int | None
    tolerance: float


class _FarEnoughError(Exception):
    """Ends a training where the recorded one ended."""


def prepare(folder: TrialFolder, now: TrialRecord, asked: Asked) -> None:
    """Open the folder, or go on in it if it is today's attempt at the same trial.

    Raises:
        ConfigError: The user named a folder that holds something else.
    """
    there = folder.record()
    same = there is not None and (there.trial_key, there.cpus) == (now.trial_key, now.cpus)
    if there is not None and not same:
        if asked.out is not None:
            raise ConfigError(
                f"{folder.path} holds another trial, or one of other code or threads "
                f"({there.trial_key}). Choose another folder with --out, or delete it."
            )
        _forget(folder)
    if not same:
        folder.open(now)


def _forget(folder: TrialFolder) -> None:
    """Remove an attempt with other code; who it was last, so that an interruption is made good."""
    drop_checkpoints(folder.checkpoints)
    for name in ("history.jsonl", "result.json", "trial.json"):
        (folder.path / name).unlink(missing_ok=True)


def context_of(
    folder: TrialFolder, now: TrialRecord, beside: Surroundings, data_root: Path | None
) -> TrialContext:
    """As the trial had it when it was recorded."""
    return TrialContext(
        seed=now.seed,
        folder=folder,
        data_root=data_root,
        baseline=beside.baseline,
        teachers=beside.teacher_folders,
        read_test=now.test is not None,
        threads=int(now.cpus),
    )


def trained_again(
    folder: TrialFolder, recorded: TrialRecord, config: TrialConfig, context: TrialContext
) -> TrialRecord:
    """Train as far as the recorded trial came."""
    length = len(recorded.history)
    to_its_end = recorded.status is Status.COMPLETED or recorded.diverged
    before = folder.record()
    shorter = before is not None and len(before.history) < length
    if before is not None and (before.crashed or (before.status is Status.PRUNED and shorter)):
        folder.reopen()  # it did not fit into memory, or the recorded trial has gone on since
    with _gpus_as_then(recorded), epochs_shown(length, "reproducing") as show:

        def tell(report: EpochReport) -> None:
            show(report)
            if report.epoch >= length and not to_its_end:
                raise _FarEnoughError

        try:
            return run_trial(config, context, tell)
        except _FarEnoughError:
            folder.close(Status.PRUNED)
            drop_checkpoints(folder.checkpoints)
    ended = folder.record()
    assert ended is not None  # noqa: S101 (it was opened above)
    return ended


@contextmanager
def _gpus_as_then(recorded: TrialRecord) -> Generator[None]:
    """A trial that was trained without a GPU sees none now."""
    name = "CUDA_VISIBLE_DEVICES"
    before = os.environ.get(name)
    if not recorded.gpus:
        os.environ[name] = ""
    try:
        yield
    finally:
        if before is not None:
            os.environ[name] = before
        elif not recorded.gpus:
            del os.environ[name]
