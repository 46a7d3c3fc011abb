"""One trial, from its configuration to what it leaves behind; knows no Ray and no MLflow."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch

from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.load import load_split
from mdml_tune.data.split import Split, SplitName
from mdml_tune.records import EpochReport, Scores, Status, TrialRecord
from mdml_tune.storage.history import append_report, read_history, rewrite_history
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tasks import Task
from mdml_tune.training.checkpoint import drop_checkpoints, load_checkpoint, save_checkpoint
from mdml_tune.training.kept import kept_state, kept_teachers
from mdml_tune.training.memory import did_not_fit, ran_out_of_memory
from mdml_tune.training.predictions import Arrays, predict
from mdml_tune.training.report import DivergedError
from mdml_tune.training.trainer import Trainer

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
    teachers: Mapping[Task, Path] = field(default_factory=dict[Task, Path])
    """Folders of the single-task networks that SCD distils from; their checkpoints were kept."""
    read_test: bool = False
    """Score the test split at the end: for confirmations and single trainings alone."""
    keep_checkpoint: bool = False
    """Keep the last checkpoint after the end."""
    boundaries: int | None = None
    """Every so many epochs a checkpoint is kept in ``boundaries/``, for another trial to start
    from; the caller drops them."""
    fence: Callable[[], None] = lambda: None
    """Called before each write to the folder; raises where the trial is no longer ours."""
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
        The record that the folder now holds: completed, or failed where the training diverged or
        did not fit into memory.
    """
    if context.folder.is_closed():
        return _record(context.folder)
    device = prepare_torch(context.threads)
    test = None
    try:
        train = _load(config, SplitName.TRAIN, context, device)
        val = _load(config, SplitName.VAL, context, device)
        trainer = _build(config, context, train, val, device)
        _train(trainer, config.training.epochs, context, on_epoch)
        if context.read_test:
            test = trainer.score(_load(config, SplitName.TEST, context, device))
    except DivergedError as error:
        context.fence()
        context.folder.close(Status.FAILED, failure=str(error))
        drop_checkpoints(context.folder.checkpoints)
        return _record(context.folder)
    except (RuntimeError, MemoryError) as error:
        if not ran_out_of_memory(error):
            raise
        context.fence()
        context.folder.close(Status.FAILED, failure=did_not_fit(config, error))
        return _record(context.folder)
    context.fence()
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
    device = prepare_torch(context.threads)
    test = _load(config, SplitName.TEST, context, device)
    trainer = _restored(config, context, test, device)
    context.folder.close(record.status, failure=record.failure, test=trainer.score(test))
    return _record(context.folder)


def predictions(config: TrialConfig, context: TrialContext) -> Arrays:
    """What the reported network of an ended trial says of val and test, from its kept checkpoint.

    Returns:
        ``SPLIT/TASK/prediction``, ``.../target`` and ``.../valid``; see ``training.predictions``.

    Raises:
        FileNotFoundError: No whole checkpoint is left of it.
    """
    device = prepare_torch(context.threads)
    splits = {
        name: _load(config, name, context, device) for name in (SplitName.VAL, SplitName.TEST)
    }
    peer = _restored(config, context, splits[SplitName.VAL], device).peers[0]
    arrays: Arrays = {}
    for name, split in splits.items():
        said = predict(peer, split, config.data.tasks, config.training.batch_size)
        arrays |= {f"{name}/{what}": values for what, values in said.items()}
    return arrays


def prepare_torch(threads: int) -> torch.device:
    """Settings that results depend on; where to compute."""
    torch.set_num_threads(threads)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _build(
    config: TrialConfig, context: TrialContext, train: Split, val: Split, device: torch.device
) -> Trainer:
    return Trainer.build(
        config,
        seed=context.seed,
        train=train,
        val=val,
        baseline=context.baseline,
        teachers=kept_teachers(context.teachers, train.classes, device),
    )


def _restored(
    config: TrialConfig, context: TrialContext, split: Split, device: torch.device
) -> Trainer:
    """The trainer as it ended; not to be trained further."""
    trainer = _build(config, context, split, split, device)
    trainer.restore(kept_state(context.folder))
    return trainer


def _train(trainer: Trainer, epochs: int, context: TrialContext, on_epoch: OnEpoch) -> None:
    folder = context.folder
    born = _resume(trainer, folder)
    last_saved = time.monotonic()
    while trainer.epoch < epochs:
        metrics = trainer.run_epoch()
        # A redone epoch keeps its time of birth, so that a copy of it elsewhere stays one copy.
        timestamp = born.get(trainer.epoch, int(time.time() * 1000))
        report = EpochReport(trainer.epoch, timestamp, metrics)
        context.fence()
        if context.boundaries is not None and trainer.epoch % context.boundaries == 0:
            save_checkpoint(folder.boundaries, trainer.epoch, trainer.state(), kept=None)
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


def _load(
    config: TrialConfig, split: SplitName, context: TrialContext, device: torch.device
) -> Split:
    return load_split(config.data, split, context.data_root).resident(device)


def _record(folder: TrialFolder) -> TrialRecord:
    record = folder.record()
    if record is None:
        raise FileNotFoundError(f"No trial was opened in {folder.path}.")
    return record
