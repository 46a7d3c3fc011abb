"""The speed of a study's trainings, measured in this process before anything is spent."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.load import load_split
from mdml_tune.data.split import Split, SplitName
from mdml_tune.spaces.study import Study
from mdml_tune.training.timing import EpochTime, build_timed, state_bytes, time_epoch
from mdml_tune.trial import prepare_torch
from mdml_tune.tuning.baselines import EQUAL_WEIGHTING
from mdml_tune.tuning.forecast_kinds import Kind, draws, kinds, planned
from mdml_tune.tuning.forecast_range import Range
from mdml_tune.tuning.forecast_todo import Pace
from mdml_tune.tuning.forecast_work import TWO_SIDED, Paces

EPOCH_SECONDS = 10.0
"""Spent on timing each kind of training."""

AT_LEAST = 4
"""Kinds of searched trials that are timed, whatever it takes."""

TOTAL_SECONDS = 60.0
"""After which no further kind is."""

OnMeasured = Callable[[str, int, int], None]
"""Told what is timed, how many kinds have been, and of how many."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the trainings of a study cost on this machine."""

    baselines: Mapping[str, EpochTime]
    """By method."""
    searched: Mapping[str, EpochTime]
    """By the key of their kind; those that are not in it were not timed."""
    drawn: tuple[TrialConfig, ...]
    """Trials that stand for what the study will draw."""
    kinds: tuple[Kind, ...]
    setup: float
    """Seconds to read the data and to build the networks of the first one timed."""
    checkpoint_bytes: int
    """Of the largest."""

    def paces(self, study: Study) -> Paces:
        """For the forecast: means over what the study will draw, with what chance adds to them."""
        confirm = study.confirm
        return Paces(
            baselines={
                method: Pace(_range(time), time.process_seconds, self.setup)
                for method, time in self.baselines.items()
            },
            search=self._pace(study, planned(study)),
            confirm=self._pace(study, confirm.top) if confirm and confirm.top else None,
        )

    def _pace(self, study: Study, trials: int) -> Pace:
        timed = [
            (config, self.searched[kind.key])
            for kind in self.kinds
            if kind.key in self.searched
            for config in kind.configs
        ]
        epochs = np.array([config.training.epochs for config, _ in timed], dtype=float)
        walls = np.array([_range(time).ends for _, time in timed])
        mean, low, high = epochs @ walls / epochs.sum()
        process = epochs @ np.array([time.process_seconds for _, time in timed]) / epochs.sum()
        # Of a grid that is gone through to its end, nothing is left to chance.
        everything = len(self.drawn) == planned(study) <= trials
        spread = 0.0 if everything else TWO_SIDED * float(walls[:, 0].std()) / math.sqrt(trials)
        wall = Range(float(mean), max(0.0, float(low) - spread), float(high) + spread)
        return Pace(wall, float(process), self.setup)


def measure(
    study: Study,
    data_root: Path | None,
    methods: Sequence[str],
    on_measured: OnMeasured = lambda _what, _done, _of: None,
) -> Measured:
    """Time one training of each kind on the study's data.

    Args:
        study: Its data must be there.
        data_root: Folder of the data set's files.
        methods: Baselines that are still to be trained; the others need not be timed.
        on_measured: Told of the progress.
    """
    before = torch.get_num_threads()
    device = prepare_torch(max(1, int(study.resources.cpus)))
    try:
        return _Measuring(study, data_root, device, on_measured).run(methods)
    finally:
        torch.set_num_threads(before)


@dataclass(slots=True)
class _Measuring:
    study: Study
    data_root: Path | None
    device: torch.device
    on_measured: OnMeasured
    setups: list[float] = field(default_factory=list[float])
    sizes: list[int] = field(default_factory=list[int])

    def run(self, methods: Sequence[str]) -> Measured:
        study = self.study
        drawn = draws(study)
        every = kinds(drawn)
        start = time.monotonic()
        of = len(methods) + len(every)
        baselines: dict[str, EpochTime] = {}
        for i, method in enumerate(methods):
            self.on_measured("timing the baselines", i, of)
            baselines[method] = self._time(reference_config(study, method))
        searched: dict[str, EpochTime] = {}
        for i, kind in enumerate(every):
            if i >= AT_LEAST and time.monotonic() - start > TOTAL_SECONDS:
                break
            self.on_measured("timing the trials", len(methods) + i, of)
            searched[kind.key] = self._time(kind.config)
        self.on_measured("timing the trials", of, of)
        return Measured(
            baselines=baselines,
            searched=searched,
            drawn=tuple(drawn),
            kinds=tuple(every),
            setup=max(self.setups),
            checkpoint_bytes=max(self.sizes),
        )

    def _time(self, config: TrialConfig) -> EpochTime:
        start = time.monotonic()
        teachers = {task: self.study.baseline_config(task) for task in config.data.tasks}
        trainer = build_timed(
            config,
            teachers,
            train=self._split(config, SplitName.TRAIN),
            val=self._split(config, SplitName.VAL),
        )
        self.setups.append(time.monotonic() - start)
        timed = time_epoch(trainer, budget_seconds=EPOCH_SECONDS)
        if self.device.type == "cpu":
            # Whatever else is at work here now may be gone by then.
            alone = timed.process_seconds / torch.get_num_threads()
            timed = replace(timed, low=min(timed.low, alone))
        self.sizes.append(state_bytes(trainer.state()))
        return timed

    def _split(self, config: TrialConfig, name: SplitName) -> Split:
        return load_split(config.data, name, self.data_root).resident(self.device)


def reference_config(study: Study, method: str) -> TrialConfig:
    """The configuration of a baseline, by its method."""
    if method == EQUAL_WEIGHTING:
        return study.equal_weighting_config()
    return next(study.baseline_config(task) for task in study.tasks if task == method)


def _range(time: EpochTime) -> Range:
    return Range(time.wall_seconds, time.low, time.high)
