"""Timing an epoch: what is gone through, what is extrapolated, and what is left untouched."""

from collections.abc import Callable

import pytest
import torch

from mdml_tune.config.load import load_trial, single_task
from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.load import load_split
from mdml_tune.data.split import Examples, SplitName
from mdml_tune.training import timing
from mdml_tune.training.part import Part
from mdml_tune.training.report import DivergedError
from mdml_tune.training.timing import build_timed, state_bytes, time_epoch
from mdml_tune.training.trainer import Trainer

DATA = {
    "dataset": "rooms",
    "tasks": ["segmentation", "depth"],
    "train_size": 8,
    "val_size": 4,
    "test_size": 2,
    "image_size": [16, 24],
}
TRAINING = {"epochs": 6, "batch_size": 2}
SMALL = {"data": DATA, "network": {"kind": "unet", "width": 4}, "training": TRAINING}


def config_of(**sections: object) -> TrialConfig:
    return load_trial(SMALL | sections)


def trainer_of(config: TrialConfig) -> Trainer:
    train, val = (load_split(config.data, name, None) for name in (SplitName.TRAIN, SplitName.VAL))
    assert isinstance(train, Examples)
    teachers = {task: single_task(config, task) for task in config.data.tasks}
    return build_timed(config, teachers, train=train, val=val)


class Clock:
    """Time passes by images alone: a fixed cost, and one per image learnt from."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, fixed: float, each: float) -> None:
        self.now = 0.0
        self.seen: list[tuple[int, int, int]] = []
        self.fixed, self.each = fixed, each
        self.trainer: Trainer | None = None
        for name in ("monotonic", "perf_counter", "process_time"):
            monkeypatch.setattr(timing.time, name, lambda: self.now)
        monkeypatch.setattr(Trainer, "run_epoch", self.run_epoch)

    def run_epoch(self) -> dict[str, float]:
        trainer = self.trainer
        self.now += self.fixed + self.each * len(trainer.train)
        self.seen.append((len(trainer.train), len(trainer.val), trainer.epoch))
        return {}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Clock]:
    def make(trainer: Trainer, *, fixed: float, each: float) -> Clock:
        clock = Clock(monkeypatch, fixed=fixed, each=each)
        clock.trainer = trainer
        return clock

    return make


def test_small_data_are_gone_through_whole(clock: Callable[..., Clock]) -> None:
    trainer = trainer_of(config_of())
    passing = clock(trainer, fixed=0.0, each=0.01)
    measured = time_epoch(trainer, budget_seconds=10)
    assert measured.whole
    assert measured.wall_seconds == pytest.approx(0.08)
    assert measured.process_seconds == pytest.approx(0.08)
    assert (measured.low, measured.high) == pytest.approx((0.08, 0.08))
    # The first part is not counted; val has the same share as train; always the last epoch.
    assert passing.seen == [(4, 2, 5), (4, 2, 5), *[(8, 4, 5)] * timing.ENOUGH]


def test_of_large_data_parts_are_extrapolated_within_the_budget(
    clock: Callable[..., Clock],
) -> None:
    trainer = trainer_of(config_of(data=DATA | {"train_size": 64, "val_size": 16}))
    passing = clock(trainer, fixed=0.5, each=0.1)
    measured = time_epoch(trainer, budget_seconds=6)
    assert not measured.whole
    assert passing.now <= 6
    assert max(images for images, _, _ in passing.seen) == 16
    assert measured.wall_seconds == pytest.approx(0.5 + 6.4)  # the line is met
    assert measured.low == pytest.approx(measured.wall_seconds)
    assert measured.high == pytest.approx(4 * (0.5 + 1.6))  # in proportion: too much


def test_what_takes_longer_than_the_budget_is_timed_once(clock: Callable[..., Clock]) -> None:
    trainer = trainer_of(config_of(data=DATA | {"train_size": 64}))
    passing = clock(trainer, fixed=0.0, each=10.0)
    assert time_epoch(trainer, budget_seconds=1).wall_seconds == pytest.approx(640)
    assert len(passing.seen) == 2  # one of them is not counted


def test_a_part_without_labels_is_timed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = trainer_of(config_of())

    def diverge(_: Trainer) -> None:
        raise DivergedError("no pixel is valid")

    monkeypatch.setattr(Trainer, "run_epoch", diverge)
    assert time_epoch(trainer, budget_seconds=0.01).wall_seconds >= 0


@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"mutual": {"weight": 1.0, "warmup_epochs": 5}},
        {"scd": {"weight": 1.0, "stage_epochs": 5}},
        {"scd": {"weight": 1.0, "stage_epochs": 5, "distil": "features"}},
        {"training": TRAINING | {"optimizer": {"learning_rate": 1e30}}},
    ],
)
def test_every_kind_of_trial_is_timed_with_all_that_it_does(
    sections: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = trainer_of(config_of(**sections))
    reports: list[dict[str, float]] = []
    run_epoch = Trainer.run_epoch

    def noted(self: Trainer) -> dict[str, float]:
        reports.append(run_epoch(self))
        return reports[-1]

    monkeypatch.setattr(Trainer, "run_epoch", noted)
    measured = time_epoch(trainer, budget_seconds=0.5)
    assert 0 < measured.low <= measured.wall_seconds <= measured.high
    assert measured.process_seconds > 0
    assert reports  # nothing has diverged
    learnt = {name for report in reports for name in report}
    assert any("mimicry" in name for name in learnt) is ("mutual" in sections)
    assert any("distillation" in name for name in learnt) is ("scd" in sections)
    assert (len(trainer.train), len(trainer.val)) == (8, 4)  # the splits are whole again


def test_a_part_is_the_beginning_of_a_split() -> None:
    split = load_split(config_of().data, SplitName.TRAIN, None)
    part = Part(split, 3)
    assert len(part) == 3
    assert (part.classes, part.size, part.device) == (split.classes, split.size, split.device)
    assert part.inverse_depth == split.inverse_depth
    rows = torch.tensor([2, 0])
    torch.testing.assert_close(part.batch(rows).images, split.batch(rows).images)
    assert len(part.resident("cpu")) == 3


def test_a_state_is_as_large_as_its_tensors() -> None:
    state = {"a": [torch.zeros(3), {"b": torch.zeros(2, dtype=torch.float64)}], "epoch": 4}
    assert state_bytes(state) == 3 * 4 + 2 * 8
