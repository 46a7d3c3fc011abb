"""SCD in training: which teacher each task listens to, when, and that teachers never change."""

from collections.abc import Callable, Mapping
from typing import cast

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from mdml_tune.config.load import single_task
from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.split import Examples
from mdml_tune.errors import ConfigError
from mdml_tune.losses.distillation import Adaptors, distillation_loss, normalised
from mdml_tune.losses.mimicry import mimicry_loss
from mdml_tune.losses.supervised import supervised_loss
from mdml_tune.scd.teachers import Teachers, load_teacher
from mdml_tune.tasks import Task
from mdml_tune.training.distilled import Distilled
from mdml_tune.training.peers import Peer, build_peers, build_seeded
from mdml_tune.training.step import Lesson, alternating_step, simultaneous_step
from mdml_tune.training.trainer import Trainer
from mdml_tune.training.tutors import build_tutor

Tiny = Callable[..., TrialConfig]
Peers = Callable[..., list[Peer]]
Lessons = Callable[..., Lesson]
Build = Callable[..., Trainer]

CPU = torch.device("cpu")
TASKS = (Task.SEGMENTATION, Task.DEPTH, Task.NORMALS)
WEIGHTS = {Task.SEGMENTATION: 0.5, Task.DEPTH: 2.0, Task.NORMALS: 0.3}
QUEUE = [["depth"], ["segmentation", "normals"]]


@pytest.fixture
def config(tiny: Tiny) -> Callable[..., TrialConfig]:
    """Three tasks in two blocks, distilled each with another weight."""

    def build(*, sections: Mapping[str, object] | None = None, **scd: object) -> TrialConfig:
        values = {"queue": QUEUE, "weight": WEIGHTS, "stage_epochs": 1, **scd}
        return tiny(TASKS, scd=values, **(sections or {}))

    return build


def teachers_of(config: TrialConfig) -> Teachers:
    """Single-task networks that have learnt nothing."""
    networks = {}
    for i, task in enumerate(TASKS):
        alone = single_task(config, task)
        fresh = build_seeded(alone.network, (task,), 100 + i, 4)
        networks[task] = load_teacher(alone, fresh.state_dict(), 4, CPU)
    return Teachers(networks)


@pytest.fixture
def batch(make_examples: Callable[..., Examples]) -> Examples:
    return make_examples(2, tasks=TASKS)


def tutor_of(
    config: TrialConfig, peers: list[Peer], batch: Examples, teachers: Teachers, *, epoch: int = 0
) -> Distilled:
    tutor = cast("Distilled", build_tutor(config, peers, batch, seed=0, teachers=teachers))
    tutor.begin_epoch(epoch)
    return tutor


@pytest.fixture
def build(make_examples: Callable[..., Examples]) -> Build:
    def make(config: TrialConfig, teachers: Teachers | None = None, seed: int = 0) -> Trainer:
        size = config.data.image_size
        return Trainer.build(
            config,
            seed=seed,
            train=make_examples(4, tasks=TASKS, size=size),
            val=make_examples(1, tasks=TASKS, size=size, seed=1),
            baseline=None,
            teachers=teachers or teachers_of(config),
        )

    return make


def paid_to_teachers(report: Mapping[str, float]) -> set[Task]:
    return {task for task in TASKS if report[f"train/{task}/distillation"] > 0}


# ---------------------------------------------------------------- outputs


@pytest.mark.parametrize("step", [simultaneous_step, alternating_step])
@pytest.mark.parametrize("fusion", ["additive", "convex"])
def test_active_tasks_pay_for_missing_their_teacher(
    config: Tiny,
    recorded_peers: Peers,
    lesson_of: Lessons,
    batch: Examples,
    step: Callable,
    fusion: str,
) -> None:
    mutual = {"peers": 2, "weight": 0.4, "fusion": fusion}
    ours = config(temperature={"segmentation": 3.0}, sections={"mutual": mutual})
    teachers, peers = teachers_of(ours), recorded_peers(ours)
    tutor = tutor_of(ours, peers, batch, teachers, epoch=1)
    said = {t: teachers.networks[t](batch.images)[t] for t in TASKS}
    own, other = (peer(batch.images) for peer in peers)
    supervised, mimicry, distilled = [], [], []
    for t in TASKS:
        valid = batch.valid[t]
        heat = 3.0 if t is Task.SEGMENTATION else 1.0
        supervised.append(supervised_loss(t, own[t], batch.targets[t], valid))
        mimicry.append(mimicry_loss(t, own[t], other[t], valid))
        distilled.append(mimicry_loss(t, own[t], said[t], valid, temperature=heat))
    labels = 0.6 if fusion == "convex" else 1.0
    combined_T = torch.stack(
        [
            labels * supervised[i] + 0.4 * mimicry[i] + WEIGHTS[t] * distilled[i]
            for i, t in enumerate(TASKS)
        ]
    )
    expected = torch.autograd.grad(combined_T.sum(), peers[0].parameters())

    losses = step(peers, [batch], lesson_of(ours, tutor=tutor), 0)[0]
    assert_close(losses.further_T, torch.stack(distilled).detach(), rtol=1e-4, atol=1e-6)
    assert_close(losses.supervised_T, torch.stack(supervised).detach())
    assert_close(losses.combined_T, combined_T.detach(), rtol=1e-4, atol=1e-6)
    assert_close(losses.total, combined_T.sum().detach())
    for given, wanted in zip(peers[0].optimizer.given[0], expected, strict=True):
        assert_close(given, wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("distil", ["outputs", "features"])
def test_the_others_pay_nothing_yet(
    config: Tiny, recorded_peers: Peers, lesson_of: Lessons, batch: Examples, distil: str
) -> None:
    ours = config(distil=distil, sections={"mutual": None})
    peers = recorded_peers(ours)
    tutor = tutor_of(ours, peers, batch, teachers_of(ours), epoch=0)
    losses = simultaneous_step(peers, [batch], lesson_of(ours, tutor=tutor), 0)[0]
    assert (losses.further_T > 0).tolist() == [task is Task.DEPTH for task in TASKS]
    on_top_T = losses.combined_T - losses.supervised_T
    assert_close(on_top_T, losses.further_T * torch.tensor([WEIGHTS[t] for t in TASKS]))


STAGES = [
    # Blocks d, s and n; two epochs a stage, five epochs.
    ("cumulative", ["d", "d", "ds", "ds", "dsn"]),
    ("exclusive", ["d", "d", "s", "s", "n"]),
]


@pytest.mark.parametrize("distil", ["outputs", "features"])
@pytest.mark.parametrize(("activation", "expected"), STAGES)
def test_blocks_join_when_it_is_their_turn(
    config: Tiny, build: Build, activation: str, expected: list[str], distil: str
) -> None:
    ours = config(
        queue=[["depth"], ["segmentation"], ["normals"]],
        stage_epochs=2,
        activation=activation,
        distil=distil,
        sections={"training": {"epochs": 5, "batch_size": 4}, "mutual": None},
    )
    trainer = build(ours)
    for names in expected:
        active = {task for task in TASKS if task.value[0] in names}
        assert paid_to_teachers(trainer.run_epoch()) == active


def test_only_teachers_that_are_listened_to_are_asked(
    config: Tiny, recorded_peers: Peers, batch: Examples
) -> None:
    for target, expected in (("own", {Task.DEPTH}), ("block_mean", {Task.DEPTH, Task.NORMALS})):
        ours = config(
            queue=[["depth", "normals"], ["segmentation"]],
            distil="features",
            target=target,
            weight={**WEIGHTS, "normals": 0.0},
            sections={"mutual": None},
        )
        peers, teachers = recorded_peers(ours), teachers_of(ours)
        tutor = tutor_of(ours, peers, batch, teachers)
        tutor._active = frozenset({Task.DEPTH})
        tutor.prepare(batch, 0, 1.0)
        assert set(tutor._lecture) == expected


# ---------------------------------------------------------------- teachers


def test_teachers_stay_as_they_are(config: Tiny, build: Build) -> None:
    # Of a kind that would remember what it has seen.
    ours = config(
        sections={
            "network": {"kind": "segnet", "width": 4},
            "data": {"image_size": [32, 32]},
            "training": {"epochs": 2, "batch_size": 4},
            "mutual": {"update": "alternating"},
        }
    )
    teachers = teachers_of(ours)
    before = {
        task: {name: value.clone() for name, value in network.state_dict().items()}
        for task, network in teachers.networks.items()
    }
    trainer = build(ours, teachers)
    trainer.run_epoch()
    assert paid_to_teachers(trainer.run_epoch()) == set(TASKS)
    for task, network in teachers.networks.items():
        assert not any(module.training for module in network.modules())
        assert all(p.grad is None and not p.requires_grad for p in network.parameters())
        for name, value in network.state_dict().items():
            assert torch.equal(value, before[task][name])


@pytest.mark.parametrize("missing", ["teachers", "queue"])
def test_without_teachers_or_queue_there_is_no_scd(
    tiny: Tiny, make_examples: Callable[..., Examples], missing: str
) -> None:
    scd = {"stage_epochs": 1} | ({"queue": QUEUE} if missing == "teachers" else {})
    ours = tiny(TASKS, scd=scd)
    peers = build_peers(ours, seed=0, classes=4, device=CPU)
    teachers = None if missing == "teachers" else teachers_of(ours)
    what = "single-task networks" if missing == "teachers" else "queue of blocks"
    with pytest.raises(ConfigError, match=f"scd: this trial has no {what} .*mdml-tune baselines"):
        build_tutor(ours, peers, make_examples(1, tasks=TASKS), seed=0, teachers=teachers)


# ---------------------------------------------------------------- features


def adaptors_of(trainer: Trainer) -> list[Adaptors]:
    return [one.adaptors for one in cast("Distilled", trainer.tutor).adapting]


def row(adaptors: Adaptors, task: Task) -> Tensor:
    return torch.cat([p.detach().flatten() for p in adaptors.convolutions[task].parameters()])


def test_features_are_drawn_to_the_teacher_s_through_adaptors(
    config: Tiny, recorded_peers: Peers, lesson_of: Lessons, batch: Examples
) -> None:
    ours = config(distil="features", sections={"mutual": None})
    teachers, peers = teachers_of(ours), recorded_peers(ours)
    tutor = tutor_of(ours, peers, batch, teachers, epoch=1)
    convolutions = tutor.adapting[0].adaptors.convolutions
    expected = []
    with torch.no_grad():
        own = peers[0].network.features(batch.images)
        for task in TASKS:
            taught = [normalised(x) for x in teachers.networks[task].features(batch.images)]
            adapted = [c(x) for c, x in zip(convolutions[task], own, strict=True)]
            expected.append(distillation_loss(adapted, taught))
    losses = simultaneous_step(peers, [batch], lesson_of(ours, tutor=tutor), 0)[0]
    assert_close(losses.further_T, torch.stack(expected), rtol=1e-4, atol=1e-6)


def test_a_block_may_be_drawn_to_the_mean_of_its_teachers(
    config: Tiny, recorded_peers: Peers, lesson_of: Lessons, batch: Examples
) -> None:
    ours = config(distil="features", target="block_mean", sections={"mutual": None})
    teachers, peers = teachers_of(ours), recorded_peers(ours)
    tutor = tutor_of(ours, peers, batch, teachers, epoch=1)
    convolutions = tutor.adapting[0].adaptors.convolutions
    with torch.no_grad():
        own = peers[0].network.features(batch.images)
        taught = {
            task: [normalised(x) for x in teachers.networks[task].features(batch.images)]
            for task in TASKS
        }
        pair = [taught[Task.SEGMENTATION], taught[Task.NORMALS]]
        mean = [(a + b) / 2 for a, b in zip(*pair, strict=True)]
        wanted = {Task.SEGMENTATION: mean, Task.DEPTH: taught[Task.DEPTH], Task.NORMALS: mean}
        expected = [
            distillation_loss(
                [c(x) for c, x in zip(convolutions[task], own, strict=True)], wanted[task]
            )
            for task in TASKS
        ]
    losses = simultaneous_step(peers, [batch], lesson_of(ours, tutor=tutor), 0)[0]
    assert_close(losses.further_T, torch.stack(expected), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("update", ["simultaneous", "alternating"])
def test_each_peer_has_adaptors_that_learn_with_it(config: Tiny, build: Build, update: str) -> None:
    ours = config(distil="features", sections={"mutual": {"peers": 2, "update": update}})
    trainer = build(ours)
    first, second = adaptors_of(trainer)
    start = {t: (row(first, t), row(second, t)) for t in TASKS}
    steps = [0, 0]
    for k, one in enumerate(cast("Distilled", trainer.tutor).adapting):

        def count(*_: object, k: int = k) -> None:
            steps[k] += 1

        one.optimizer.register_step_post_hook(count)
    trainer.run_epoch()
    assert steps == [2, 2]
    for task in TASKS:
        before = start[task]
        assert not torch.equal(before[0], before[1])
        for adaptors, weights in zip((first, second), before, strict=True):
            # Only those of the first block have had anything to learn.
            assert torch.equal(row(adaptors, task), weights) == (task is not Task.DEPTH)
            assert all(p.grad is None for p in adaptors.parameters())


def test_adaptors_learn_at_a_rate_of_their_own(config: Tiny, build: Build) -> None:
    ours = config(distil="features", adaptor={"learning_rate": 0.02, "weight_decay": 0.1})
    trainer = build(ours)
    trainer.run_epoch()
    for one in cast("Distilled", trainer.tutor).adapting:
        (group,) = one.optimizer.param_groups
        assert (group["lr"], group["weight_decay"]) == (0.02, 0.1)


def test_unlike_peers_listen_through_adaptors_that_fit_them(config: Tiny, build: Build) -> None:
    unlike = [{"kind": "unet", "width": 4}, {"kind": "unet", "width": 8}]
    ours = config(distil="features", sections={"mutual": {"peers": unlike}})
    trainer = build(ours)
    assert paid_to_teachers(trainer.run_epoch()) == {Task.DEPTH}
    incoming = [a.convolutions[Task.DEPTH][-1].in_channels for a in adaptors_of(trainer)]
    assert incoming == [4, 8]


# ---------------------------------------------------------------- order


def test_an_order_of_chance_is_of_the_seed_and_stays(config: Tiny, build: Build) -> None:
    ours = config(
        queue=[["segmentation"], ["depth"], ["normals"]],
        order="random",
        sections={"training": {"batch_size": 4}, "mutual": None},
    )
    teachers = teachers_of(ours)
    orders = [cast("Distilled", build(ours, teachers, seed).tutor).queue for seed in range(6)]
    assert len(set(orders)) > 1
    assert orders[0] == cast("Distilled", build(ours, teachers, 0).tutor).queue
    trainer = build(ours, teachers, seed=5)
    for stage in (1, 2, 3):
        expected = {task for block in orders[5][:stage] for task in block}
        assert paid_to_teachers(trainer.run_epoch()) == expected
