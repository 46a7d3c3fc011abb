"""One trial, from its configuration to what it leaves behind; knows no Ray and no MLflow."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.load import load_split
from mdml_tune.data.split import Examples, SplitName
from mdml_tune.records import EpochReport, Scores, Status, TrialRecord
from mdml_tune.storage.history import append_report, read_history, rewrite_history
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.training.checkpoint import drop_checkpoints, load_checkpoint, save_checkpoint
from mdml_tune.training.trainer import DivergedError, Trainer

OnEpoch = Callable[[EpochReport], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialContext:
    """What a trial needs beside its configuration."""

    seed: int
    folder: TrialFolder
    """Opened by the caller; everything the trial leaves behind goes there."""
    data_root: Path | None = None
    baseline: Scores | None = None
    """Val scores of the single-task networks; without them no delta-m is reported."""
    read_test: bool = False
    """Score the test split at the end: for confirmations and single trainings alone."""
    keep_checkpoint: bool = False
    """Keep the last checkpoint after the end."""
    checkpoint_seconds: float = 10.0
    """Shortest time between two checkpoints."""
    threads: int = 1
    """CPU threads for torch; they change sums in the last bits, so they are part of a result."""


def run_trial(config: TrialConfig, context: TrialContext, on_epoch: OnEpoch) -> TrialRecord:
    """Train ``config`` to its end, from its newest whole checkpoint if there is one.

    Args:
        config: In its canonical form.
        context: Seed, folder, and what to compare with.
        on_epoch: Called after each epoch with its report, which is then already on the disk. May
            raise to end the trial there; the next call goes on from the last checkpoint.

    Returns:
        The record that the folder now holds: completed, or failed where the training diverged.
    """
    if context.folder.is_closed():
        return _record(context.folder)
    _prepare_torch(context.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    trainer = Trainer.build(
        config,
        seed=context.seed,
        train=_load(config, SplitName.TRAIN, context, device),
        val=_load(config, SplitName.VAL, context, device),
        baseline=context.baseline,
    )
    try:
        _train(trainer, config.training.epochs, context, on_epoch)
    except DivergedError as error:
        context.folder.close(Status.FAILED, failure=str(error))
        drop_checkpoints(context.folder.checkpoints)
        return _record(context.folder)
    test = None
    if context.read_test:
        test = trainer.score(_load(config, SplitName.TEST, context, device))
    context.folder.close(Status.COMPLETED, test=test)
    if not context.keep_checkpoint:
        drop_checkpoints(context.folder.checkpoints)
    return _record(context.folder)


def score_test(config: TrialConfig, context: TrialContext) -> TrialRecord:
    """Score on test, from its kept checkpoint, a trial that ended without reading that split.

    Raises:
        FileNotFoundError: No whole checkpoint is left of it.
    """
    record = _record(context.folder)
    if record.test is not None:
        return record
    saved = load_checkpoint(context.folder.checkpoints)
    if saved is None:
        raise FileNotFoundError(f"No whole checkpoint in {context.folder.checkpoints}.")
    _prepare_torch(context.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    test = _load(config, SplitName.TEST, context, device)
    trainer = Trainer.build(config, seed=context.seed, train=test, val=test, baseline=None)
    trainer.restore(saved[1])
    context.folder.close(record.status, failure=record.failure, test=trainer.score(test))
    return _record(context.folder)


def _train(trainer: Trainer, epochs: int, context: TrialContext, on_epoch: OnEpoch) -> None:
    folder = context.folder
    born = _resume(trainer, folder)
    last_saved = time.monotonic()
    while trainer.epoch < epochs:
        metrics = trainer.run_epoch()
        # A redone epoch keeps its time of birth, so that a copy of it elsewhere stays one copy.
        timestamp = born.get(trainer.epoch, int(time.time() * 1000))
        report = EpochReport(trainer.epoch, timestamp, metrics)
        append_report(folder.history, report)
        due = time.monotonic() - last_saved >= context.checkpoint_seconds
        if due or (trainer.epoch == epochs and context.keep_checkpoint):
            save_checkpoint(folder.checkpoints, trainer.epoch, trainer.state())
            last_saved = time.monotonic()
        on_epoch(report)


def _resume(trainer: Trainer, folder: TrialFolder) -> dict[int, int]:
    """Bring trainer and history to the newest checkpoint; timestamps of all reports there were."""
    history = read_history(folder.history)
    saved = load_checkpoint(folder.checkpoints)
    if saved is not None:
        trainer.restore(saved[1])
    kept = [report for report in history if report.epoch <= trainer.epoch]
    if folder.history.exists():  # even without a whole line: a torn one must not be appended to
        rewrite_history(folder.history, kept)
    return {report.epoch: report.timestamp_ms for report in history}


def _prepare_torch(threads: int) -> None:
    torch.set_num_threads(threads)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True


def _load(
    config: TrialConfig, split: SplitName, context: TrialContext, device: torch.device
) -> Examples:
    return load_split(config.data, split, context.data_root).to(device)


def _record(folder: TrialFolder) -> TrialRecord:
    record = folder.record()
    if record is None:
        raise FileNotFoundError(f"No trial was opened in {folder.path}.")
    return record
