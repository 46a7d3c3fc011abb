"""Settings that change while a trial trains: what holds, what it does, what is told of it."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import Tensor

from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.split import Examples
from mdml_tune.tasks import Task
from mdml_tune.training.changing import in_force, schedule_report
from mdml_tune.training.trainer import Trainer

FEW = ("segmentation", "depth")
CONSTANT = {"schedule": {"kind": "constant"}, "epochs": 4, "optimizer": {"learning_rate": 0.01}}
CHANGES = [
    {"epoch": 1, "learning_rate": 0.02},
    {"epoch": 2, "mimicry": {"segmentation": 0.5, "depth": 0}},
    {"epoch": 3, "learning_rate": 0.05, "mimicry": 3},
]

Build = Callable[..., Trainer]


@pytest.fixture
def build(tiny: Callable[..., TrialConfig], make_examples: Callable[..., Examples]) -> Build:
    def make(**sections: Any) -> Trainer:
        config = tiny(FEW, **{"training": CONSTANT, **sections})
        train = make_examples(4, tasks=config.data.tasks)
        val = make_examples(2, tasks=config.data.tasks, seed=1)
        return Trainer.build(config, seed=0, train=train, val=val, baseline=None)

    return make


def untimed(report: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in report.items() if not name.startswith("time/")}


def unscheduled(report: Mapping[str, float]) -> dict[str, float]:
    return {k: v for k, v in untimed(report).items() if not k.startswith("schedule/")}


def weights(trainer: Trainer) -> Tensor:
    return torch.cat(
        [p.detach().flatten() for peer in trainer.peers for p in peer.network.parameters()]
    )


def test_a_change_holds_from_its_epoch_until_the_next(tiny: Callable[..., TrialConfig]) -> None:
    config = tiny(FEW, training=CONSTANT, mutual={"weight": 2, "warmup_epochs": 1}, changes=CHANGES)
    found = [in_force(config, epoch) for epoch in range(4)]
    assert [one.learning_rate for one in found] == [0.01, 0.02, 0.02, 0.05]
    s, d = Task.SEGMENTATION, Task.DEPTH
    assert [one.mutual.weight for one in found] == [
        {s: 2, d: 2},
        {s: 2, d: 2},
        {s: 0.5, d: 0},
        {s: 3, d: 3},
    ]
    assert all(one.mutual.warmup_epochs == 1 for one in found)


def test_without_changes_what_holds_is_what_is_written(tiny: Callable[..., TrialConfig]) -> None:
    config = tiny(FEW)
    assert in_force(config, 2).mutual is config.mutual
    assert in_force(config, 2).learning_rate == config.training.optimizer.learning_rate
    assert schedule_report(config, 2) == {}
    assert in_force(tiny(FEW, mutual=None), 2).mutual is None


def test_the_schedule_multiplies_the_rate_that_holds(build: Build) -> None:
    schedule = {"kind": "step", "epochs": 2, "factor": 0.1}
    trainer = build(training={**CONSTANT, "schedule": schedule}, mutual=None, changes=CHANGES[:1])
    rates: list[float] = []
    trainer.peers[0].optimizer.register_step_pre_hook(
        lambda optimizer, *_: rates.append(optimizer.param_groups[0]["lr"])
    )
    for _ in range(4):
        trainer.run_epoch()
    assert rates == pytest.approx([0.01] * 2 + [0.02] * 2 + [0.002] * 4)  # two steps an epoch


WEIGHTS = ("mimicry/segmentation", "mimicry/depth")


def test_an_epoch_reports_what_it_was_trained_with(build: Build) -> None:
    trainer = build(mutual={"weight": 2}, changes=CHANGES)
    reports = [trainer.run_epoch() for _ in range(4)]
    told = [[r[f"schedule/{n}"] for n in ("learning_rate", *WEIGHTS)] for r in reports]
    assert told == [[0.01, 2, 2], [0.02, 2, 2], [0.02, 0.5, 0], [0.05, 3, 3]]


def test_without_changes_nothing_is_reported_of_them(build: Build) -> None:
    assert not any(name.startswith("schedule/") for name in build().run_epoch())
    alone = build(mutual=None, changes=CHANGES[:1]).run_epoch()
    assert [n for n in alone if n.startswith("schedule/")] == ["schedule/learning_rate"]


def test_until_its_epoch_a_change_does_nothing(build: Build) -> None:
    plainly = build(mutual={"weight": 2})
    changed = build(mutual={"weight": 2}, changes=[{"epoch": 2, "learning_rate": 1, "mimicry": 0}])
    for epoch in range(3):
        as_before = epoch < 2
        assert (untimed(plainly.run_epoch()) == unscheduled(changed.run_epoch())) == as_before
        assert torch.equal(weights(plainly), weights(changed)) == as_before


@pytest.mark.parametrize("update", ["simultaneous", "alternating"])
def test_weights_of_now_are_those_of_a_trial_that_had_them_all_along(
    build: Build, update: str
) -> None:
    # From the same state on, the epoch after a change is that of a trial written with its values.
    changed = build(mutual={"weight": 2, "update": update}, changes=CHANGES[2:])
    for _ in range(3):
        changed.run_epoch()
    written = build(
        mutual={"weight": 3, "update": update},
        training={**CONSTANT, "optimizer": {"learning_rate": 0.05}},
    )
    written.restore(deepcopy(changed.state()))
    assert untimed(written.run_epoch()) == unscheduled(changed.run_epoch())
    assert torch.equal(weights(written), weights(changed))


def test_peers_may_begin_to_imitate_late(build: Build) -> None:
    trainer = build(mutual={"weight": 0}, changes=[{"epoch": 2, "mimicry": 1}])
    mimicry = [trainer.run_epoch()["train/depth/mimicry"] for _ in range(3)]
    assert mimicry[:2] == [0, 0]
    assert mimicry[2] > 0


def test_peers_may_stop_imitating(build: Build) -> None:
    trainer = build(mutual={"weight": 2}, changes=[{"epoch": 1, "mimicry": 0}])
    mimicry = [trainer.run_epoch()["train/depth/mimicry"] for _ in range(2)]
    assert mimicry[0] > 0
    assert mimicry[1] == 0


def test_the_warm_up_and_the_ramp_go_on_counting_from_the_start(build: Build) -> None:
    sections = {"warmup_epochs": 1, "ramp": 2, "weight": 2}
    doubled = {**sections, "weight": 4}
    changed = build(mutual=sections, changes=[{"epoch": 1, "mimicry": 4}])
    written = build(mutual=doubled)
    for _ in range(4):  # in the warm-up no weight has an effect
        assert unscheduled(changed.run_epoch()) == untimed(written.run_epoch())
