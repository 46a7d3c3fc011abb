"""A trial that goes on from where another one was, under settings of its own from there on.

Training is deterministic: a fork whose configuration is that of its donor up to the epoch of the
fork ends bit for bit like a training of that configuration from its beginning.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mdml_tune.config.trial import TrialConfig
from mdml_tune.records import EpochReport
from mdml_tune.training.changing import schedule_report
from mdml_tune.training.checkpoint import copy_checkpoint, newest_epoch


def fork(donor_checkpoints: Path, epoch: int, child_checkpoints: Path) -> None:
    """Let the child begin with what the donor was after ``epoch`` epochs.

    A child that has come as far already is left as it is.

    Raises:
        FileNotFoundError: The donor has no whole checkpoint of exactly that epoch.
    """
    reached = newest_epoch(child_checkpoints)
    if reached is None or reached < epoch:
        copy_checkpoint(donor_checkpoints, epoch, child_checkpoints)


def inherited(
    reports: Sequence[EpochReport], epoch: int, config: TrialConfig
) -> tuple[EpochReport, ...]:
    """The donor's reports up to ``epoch`` as the child with ``config`` would have made them.

    Timestamps and times are the donor's: it was the donor that spent them.
    """
    return tuple(
        replace(report, metrics={**report.metrics, **schedule_report(config, report.epoch - 1)})
        for report in reports
        if report.epoch <= epoch
    )
