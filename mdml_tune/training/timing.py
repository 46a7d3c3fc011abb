"""What one epoch of a trial costs on this machine, measured on its own networks and data.

A trainer is timed as in its last epoch: warm-ups are over and every block of SCD has joined, so that
epochs before that cost at most as much. Large data are not gone through: parts of an epoch are, each
twice the last, and the rest is extrapolated.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from statistics import fmean
from typing import NamedTuple, cast

from torch import Tensor

from mdml_tune.config.load import with_queue
from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.split import Split
from mdml_tune.scd.teachers import Teachers, load_teacher
from mdml_tune.tasks import Task
from mdml_tune.training.part import Part
from mdml_tune.training.peers import build_seeded
from mdml_tune.training.report import DivergedError
from mdml_tune.training.trainer import Trainer

FIRST_STEPS = 2
"""Steps of the optimiser in the smallest part of an epoch that is timed."""

ENOUGH = 6
"""Whole epochs after which no more are timed."""

LEARNING_RATE = 1e-8
"""What is only timed shall not diverge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochTime:
    """Of one epoch: training, and scoring on val and train."""

    wall_seconds: float
    process_seconds: float
    """CPU time of all threads."""
    low: float
    """Wall seconds: of the fastest epoch, or the lower of two extrapolations."""
    high: float
    whole: bool
    """Whether whole epochs were timed; else the rest is extrapolated."""


class _Timed(NamedTuple):
    images: int
    """Of the training split."""
    wall: float
    process: float


def build_timed(
    config: TrialConfig,
    baselines: Mapping[Task, TrialConfig],
    *,
    train: Split,
    val: Split,
    seed: int = 0,
) -> Trainer:
    """A trainer to be timed and thrown away.

    Where SCD is asked for, fresh networks stand in for the trained ones, and all tasks share one
    block unless the queue is given: neither makes an epoch with all tasks cheaper.

    Args:
        config: Of the trial, in its canonical form.
        baselines: The single-task network of each task; looked at only for SCD.
        train: What is learnt from.
        val: What each epoch is scored on.
        seed: Of the weights.
    """
    optimizer = replace(config.training.optimizer, learning_rate=LEARNING_RATE)
    config = replace(config, training=replace(config.training, optimizer=optimizer))
    teachers = None
    if config.scd is not None:
        teachers = _stand_ins(baselines, train)
        if config.scd.queue is None:
            config = with_queue(config, (config.data.tasks,))
    return Trainer.build(config, seed=seed, train=train, val=val, baseline=None, teachers=teachers)


def time_epoch(trainer: Trainer, *, budget_seconds: float = 10.0) -> EpochTime:
    """Time ``trainer`` for ``budget_seconds``, longer only where the smallest part takes longer.

    The first part is not counted: memory is taken, and libraries choose their algorithms.
    """
    train, val = trainer.train, trainer.val
    try:
        timed = _timings(trainer, train, val, budget_seconds)
    finally:
        trainer.train, trainer.val = train, val
    whole = [one for one in timed if one.images == len(train)]
    return _measured(whole) if whole else _extrapolated(timed, len(train))


def state_bytes(value: object) -> int:
    """Memory of every tensor in a trainer's state: about the size of its checkpoint."""
    if isinstance(value, Tensor):
        return value.nbytes
    if isinstance(value, Mapping):
        return sum(state_bytes(below) for below in cast("Mapping[object, object]", value).values())
    if isinstance(value, list | tuple):
        return sum(state_bytes(below) for below in cast("Sequence[object]", value))
    return 0


def _timings(trainer: Trainer, train: Split, val: Split, budget: float) -> list[_Timed]:
    start = time.monotonic()
    training = trainer.config.training
    images = min(len(train), FIRST_STEPS * training.batch_size * training.accumulate)
    _time(trainer, train, val, images)
    timed: list[_Timed] = []
    while True:
        timed.append(_time(trainer, train, val, images))
        left = budget - (time.monotonic() - start)
        if timed[-1].wall > left or sum(one.images == len(train) for one in timed) == ENOUGH:
            return timed
        larger = min(len(train), 2 * images)
        if timed[-1].wall * larger / images <= left:
            images = larger


def _time(trainer: Trainer, train: Split, val: Split, images: int) -> _Timed:
    """An epoch of the first ``images``, and of as large a share of ``val``."""
    share = images / len(train)
    trainer.train = Part(train, images)
    trainer.val = Part(val, max(1, round(share * len(val))))
    trainer.epoch = trainer.config.training.epochs - 1
    wall, process = time.perf_counter(), time.process_time()
    # Few images may hold no label to be scored on; by then the work is done all the same.
    with suppress(DivergedError):
        trainer.run_epoch()
    return _Timed(images, time.perf_counter() - wall, time.process_time() - process)


def _measured(whole: Sequence[_Timed]) -> EpochTime:
    walls = [one.wall for one in whole]
    return EpochTime(
        wall_seconds=fmean(walls),
        process_seconds=fmean(one.process for one in whole),
        low=min(walls),
        high=max(walls),
        whole=True,
    )


def _extrapolated(timed: Sequence[_Timed], images: int) -> EpochTime:
    """From the line through the smallest and the largest part; at most in proportion.

    In proportion, what each part costs whatever its size would be counted too often.
    """
    small = _mean(timed, min(one.images for one in timed))
    large = _mean(timed, max(one.images for one in timed))
    wall = _on_line(small.images, small.wall, large.images, large.wall, images)
    process = _on_line(small.images, small.process, large.images, large.process, images)
    proportional = large.wall * images / large.images
    return EpochTime(
        wall_seconds=wall,
        process_seconds=process,
        low=min(wall, proportional),
        high=max(wall, proportional),
        whole=False,
    )


def _mean(timed: Sequence[_Timed], images: int) -> _Timed:
    """Of all parts of one size."""
    same = [one for one in timed if one.images == images]
    return _Timed(images, fmean(one.wall for one in same), fmean(one.process for one in same))


def _on_line(x0: int, y0: float, x1: int, y1: float, x: int) -> float:
    """The line through two points at ``x``; in proportion where it does not rise."""
    rise = 0.0 if x0 == x1 else (y1 - y0) / (x1 - x0)
    return y1 + rise * (x - x1) if rise > 0 else y1 * x / x1


def _stand_ins(baselines: Mapping[Task, TrialConfig], split: Split) -> Teachers:
    networks = {
        task: load_teacher(
            config,
            build_seeded(config.network, config.data.tasks, 0, split.classes).state_dict(),
            split.classes,
            split.device,
        )
        for task, config in baselines.items()
    }
    return Teachers(networks)
