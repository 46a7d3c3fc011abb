"""OKD-MTL in training: teachers learn by themselves, teach after a warm-up, and weigh the tasks."""

import math
from collections.abc import Callable
from typing import cast

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from mdml_tune.config.load import single_task
from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.split import Examples
from mdml_tune.losses.distillation import distillation_loss, normalised
from mdml_tune.losses.supervised import supervised_loss
from mdml_tune.tasks import Task
from mdml_tune.training.online import Online
from mdml_tune.training.peers import Peer, derived_seed
from mdml_tune.training.step import Lesson, simultaneous_step
from mdml_tune.training.trainer import Trainer
from mdml_tune.training.tutors import TEACHER_STREAM, build_tutor

Tiny = Callable[..., TrialConfig]
Peers = Callable[..., list[Peer]]
Lessons = Callable[..., Lesson]

TASKS = (Task.SEGMENTATION, Task.DEPTH)
WEIGHTS = {Task.SEGMENTATION: 0.5, Task.DEPTH: 2.0}


@pytest.fixture
def config(tiny: Tiny) -> Callable[..., TrialConfig]:
    def build(**okd: object) -> TrialConfig:
        values = {"weight": WEIGHTS, "warmup_epochs": 1, "temperature": 0.5, **okd}
        return tiny(TASKS, mutual=None, okd_mtl=values)

    return build


@pytest.fixture
def build(make_examples: Callable[..., Examples]) -> Callable[..., Trainer]:
    def make(config: TrialConfig, seed: int = 0) -> Trainer:
        train = make_examples(4, tasks=TASKS)
        val = make_examples(1, tasks=TASKS, seed=1)
        return Trainer.build(config, seed=seed, train=train, val=val, baseline=None)

    return make


@pytest.fixture
def batch(make_examples: Callable[..., Examples]) -> Examples:
    return make_examples(2, tasks=TASKS)


def row(peer: Peer) -> Tensor:
    return torch.cat([p.detach().flatten() for p in peer.parameters()])


def online(trainer: Trainer) -> Online:
    return cast("Online", trainer.tutor)


def tutor_of(config: TrialConfig, peers: list[Peer], batch: Examples) -> Online:
    return cast("Online", build_tutor(config, peers, batch, seed=0, teachers=None))


def test_while_teachers_warm_up_the_student_learns_as_if_alone(
    tiny: Tiny, config: Tiny, build: Callable[..., Trainer]
) -> None:
    alone, taught = build(tiny(TASKS, mutual=None)), build(config(warmup_epochs=2))
    for epoch in range(3):
        alone.run_epoch()
        report = taught.run_epoch()
        warm = epoch >= 2
        assert torch.equal(row(alone.peers[0]), row(taught.peers[0])) != warm
        assert all((report[f"train/{task}/distillation"] > 0) == warm for task in TASKS)


def test_teachers_learn_what_single_task_networks_learn_and_nothing_from_the_student(
    config: Tiny, build: Callable[..., Trainer]
) -> None:
    trainer = build(config(warmup_epochs=0))
    start = [row(teacher) for teacher in online(trainer).learners]
    alone = [build(single_task(config(), task)) for task in TASKS]
    for k, one in enumerate(alone):
        # From the same weights, on the same labels, in the same order.
        state = online(trainer).learners[k].network.state_dict()
        one.peers[0].network.load_state_dict(state)
    for _ in range(2):
        trainer.run_epoch()
        for one in alone:
            one.run_epoch()
    for teacher, one, before in zip(online(trainer).learners, alone, start, strict=True):
        assert torch.equal(row(teacher), row(one.peers[0]))
        assert not torch.equal(row(teacher), before)


def test_teachers_start_from_weights_of_their_own(
    config: Tiny, build: Callable[..., Trainer]
) -> None:
    trainer = build(config())
    seeds = {derived_seed(0, TEACHER_STREAM + k) for k in range(2)} | {derived_seed(0, 0)}
    assert len(seeds) == 3
    first, second = (teacher.network.encoder.state_dict() for teacher in online(trainer).learners)
    student = trainer.peers[0].network.encoder.state_dict()
    name = next(iter(first))
    assert not torch.equal(first[name], second[name])
    assert not torch.equal(first[name], student[name])


def test_task_weights_by_hand(config: Tiny, recorded_peers: Peers, batch: Examples) -> None:
    ours = config()
    tutor = tutor_of(ours, recorded_peers(ours), batch)
    own = []
    with torch.no_grad():
        for task, teacher in tutor.teachers.items():
            said = teacher(batch.images)[task]
            own.append(supervised_loss(task, said, batch.targets[task], batch.valid[task]).item())
    assert tutor.factor_T.tolist() == [1, 1]
    tutor.begin_epoch(0)
    tutor.prepare(batch, 0, 1.0)
    tutor.update(0)
    student = [1.1, 0.7]
    tutor.end_epoch(torch.tensor(student))
    powers = [math.exp(s / o / 0.5) for s, o in zip(student, own, strict=True)]
    assert tutor.factor_T.tolist() == pytest.approx([2 * p / sum(powers) for p in powers])
    assert tutor.factor_T.sum().item() == pytest.approx(2)


def test_losses_of_teachers_are_averaged_as_those_of_the_student_are(
    config: Tiny, recorded_peers: Peers, make_examples: Callable[..., Examples]
) -> None:
    # A step of two batches, and one of a single batch: the last batch counts twice.
    batches = [make_examples(2, tasks=TASKS, seed=seed) for seed in range(3)]
    ours = config()
    tutor = tutor_of(ours, recorded_peers(ours), batches[0])
    tutor.begin_epoch(0)
    paid = []
    for number, (batch, scale) in enumerate(zip(batches, (0.5, 0.5, 1.0), strict=True)):
        with torch.no_grad():
            paid.append(
                [
                    supervised_loss(t, n(batch.images)[t], batch.targets[t], batch.valid[t])
                    for t, n in tutor.teachers.items()
                ]
            )
        tutor.prepare(batch, number, scale)
        if number > 0:
            tutor.update(0)
    (a, b), (c, d), (e, f) = paid
    own_T = torch.stack([(a + c) / 4 + e / 2, (b + d) / 4 + f / 2])
    tutor.end_epoch(torch.ones(2))
    assert_close(tutor.factor_T, 2 * torch.softmax(1 / own_T / 0.5, dim=0))
    # The next epoch is measured by itself.
    tutor.begin_epoch(1)
    tutor.prepare(batches[0], 3, 1.0)
    (own_T,) = tutor._paid
    tutor.update(0)
    tutor.end_epoch(torch.ones(2))
    assert_close(tutor.factor_T, 2 * torch.softmax(1 / own_T / 0.5, dim=0))


def test_gradients_by_hand(
    config: Tiny, recorded_peers: Peers, lesson_of: Lessons, batch: Examples
) -> None:
    ours = config(warmup_epochs=0)
    peers = recorded_peers(ours)
    tutor = tutor_of(ours, peers, batch)
    tutor.begin_epoch(0)
    tutor.factor_T = torch.tensor([1.6, 0.4])
    (student,) = peers
    said, own = student(batch.images), student.network.features(batch.images)
    convolutions = tutor.adapting.adaptors.convolutions
    total = torch.zeros(())
    further = []
    for k, task in enumerate(TASKS):
        target, valid = batch.targets[task], batch.valid[task]
        total = total + tutor.factor_T[k] * supervised_loss(task, said[task], target, valid)
        features = tutor.teachers[task].network.features(batch.images)
        taught = [normalised(x.detach()) for x in features]
        adapted = [c(x) for c, x in zip(convolutions[task], own, strict=True)]
        further.append(distillation_loss(adapted, taught, tutor.adapting.adaptors.scales[task]))
        total = total + WEIGHTS[task] * further[-1]
    learnt = [*student.parameters(), *tutor.adapting.adaptors.parameters()]
    expected = torch.autograd.grad(total, learnt)
    given: list[Tensor] = []
    tutor.adapting.optimizer.register_step_pre_hook(
        lambda optimizer, *_: given.extend(
            p.grad.clone() for p in optimizer.param_groups[0]["params"]
        )
    )
    losses = simultaneous_step(peers, [batch], lesson_of(ours, tutor=tutor), 0)[0]
    assert_close(losses.total, total.detach())
    assert_close(losses.further_T, torch.stack(further).detach(), rtol=1e-4, atol=1e-6)
    for one, other in zip([*student.optimizer.given[0], *given], expected, strict=True):
        assert_close(one, other, rtol=1e-4, atol=1e-6)
    assert tutor.adapting.adaptors.scales[Task.DEPTH].grad is None


def test_adaptors_wait_for_the_end_of_the_warm_up(
    config: Tiny, build: Callable[..., Trainer]
) -> None:
    trainer = build(config(warmup_epochs=1))
    adaptors = online(trainer).adapting.adaptors

    def weights() -> Tensor:
        return torch.cat([p.detach().flatten() for p in adaptors.parameters()])

    start = weights()
    trainer.run_epoch()
    assert torch.equal(weights(), start)
    assert not torch.equal(online(trainer).factor_T, torch.ones(2))
    trainer.run_epoch()
    assert not torch.equal(weights(), start)


def test_teachers_follow_the_schedule_of_the_recipe(
    config: Tiny, build: Callable[..., Trainer]
) -> None:
    trainer = build(config())
    rates: list[list[float]] = [[], [], []]
    for k, peer in enumerate((*trainer.peers, *online(trainer).learners)):
        peer.optimizer.register_step_pre_hook(
            lambda optimizer, *_, k=k: rates[k].append(optimizer.param_groups[0]["lr"])
        )
    trainer.run_epoch()
    assert rates[0] == rates[1] == rates[2]
    assert len(set(rates[0])) == 2
