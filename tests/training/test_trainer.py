"""The training of a trial: what an epoch reports, and that nothing but its state matters."""

import io
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.augment import flip
from mdml_tune.data.split import Examples
from mdml_tune.delta_m import Convention, delta_m, task_gain
from mdml_tune.losses.supervised import supervised_loss
from mdml_tune.tasks import METRICS, Task, metrics_of
from mdml_tune.training.checkpoint import State
from mdml_tune.training.evaluate import evaluate
from mdml_tune.training.peers import Peer, Seen
from mdml_tune.training.report import DivergedError
from mdml_tune.training.trainer import Trainer

ALL = tuple(task.value for task in Task)
FEW = ("segmentation", "depth")

Build = Callable[..., Trainer]


@pytest.fixture
def build(tiny: Callable[..., TrialConfig], make_examples: Callable[..., Examples]) -> Build:
    """A trainer on six images of chance, two of them for val; two tasks unless told otherwise."""

    def make(*, seed: int = 0, baseline: Mapping[str, float] | None = None, **sections) -> Trainer:
        config = tiny(sections.pop("tasks", FEW), **sections)
        train = make_examples(4, tasks=config.data.tasks)
        val = make_examples(2, tasks=config.data.tasks, seed=1)
        return Trainer.build(config, seed=seed, train=train, val=val, baseline=baseline)

    return make


def weights(trainer: Trainer) -> Tensor:
    """Of all peers, in one row."""
    return torch.cat(
        [p.detach().flatten() for peer in trainer.peers for p in peer.network.parameters()]
    )


def peer_0(trainer: Trainer) -> Tensor:
    return torch.cat([p.detach().flatten() for p in trainer.peers[0].network.parameters()])


def untimed(report: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in report.items() if not name.startswith("time/")}


def run(trainer: Trainer, epochs: int) -> list[dict[str, float]]:
    return [untimed(trainer.run_epoch()) for _ in range(epochs)]


# ---------------------------------------------------------------- what is reported


def test_report_has_the_names_of_the_contract(build: Build) -> None:
    metrics = [metric.path for metric in metrics_of(Task)]
    baseline = dict.fromkeys(metrics, 1.0)
    expected = {
        "train/loss",
        "time/epoch_seconds",
        "time/process_seconds",
        "val/delta_m",
        "val/delta_m_drop",
        "val/ensemble/delta_m",
        *(f"train/{task}/{loss}" for task in Task for loss in ("supervised", "mimicry")),
        *(f"{split}/{m}" for m in metrics for split in ("val", "gap")),
        *(f"val/{who}/{m}" for m in metrics for who in ("peers_mean", "ensemble")),
        *(f"val/delta_m/{task}" for task in Task),
        *(f"peer_disagreement/{task}" for task in Task),
    }
    assert set(build(tasks=ALL, baseline=baseline).run_epoch()) == expected


def test_a_single_network_reports_nothing_of_peers(build: Build) -> None:
    depth = [metric.path for metric in METRICS[Task.DEPTH]]
    expected = {
        "train/loss",
        "train/depth/supervised",
        "time/epoch_seconds",
        "time/process_seconds",
        *(f"{split}/{m}" for m in depth for split in ("val", "gap")),
    }
    assert set(build(tasks=["depth"], mutual=None).run_epoch()) == expected


def test_the_time_of_the_process_is_what_it_computed_not_what_it_waited(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = build()
    scores = Trainer._scores

    def slowly(trainer: Trainer) -> dict[str, float]:
        time.sleep(0.3)
        return scores(trainer)

    monkeypatch.setattr(Trainer, "_scores", slowly)
    before = time.process_time()
    report = trainer.run_epoch()
    assert 0 < report["time/process_seconds"] <= time.process_time() - before
    assert report["time/process_seconds"] < report["time/epoch_seconds"] - 0.25


def test_train_loss_is_the_mean_over_steps_of_what_peer_0_paid(build: Build) -> None:
    # A learning rate of nearly nothing: the network stays, so the losses can be had again.
    frozen = {"optimizer": {"kind": "sgd", "learning_rate": 1e-30}, "batch_size": 2}
    trainer = build(tasks=["depth"], training=frozen, mutual=None, data={"augmentation": "none"})
    report = trainer.run_epoch()
    order = torch.Generator()
    order.set_state(build(tasks=["depth"]).order.get_state())
    losses = []
    for indices in torch.randperm(4, generator=order).split(2):
        batch = trainer.train.batch(indices)
        said = trainer.peers[0](batch.images)[Task.DEPTH]
        target, valid = batch.targets[Task.DEPTH], batch.valid[Task.DEPTH]
        losses.append(supervised_loss(Task.DEPTH, said, target, valid).item())
    assert report["train/loss"] == pytest.approx(sum(losses) / 2, rel=1e-5)
    assert report["train/depth/supervised"] == report["train/loss"]


def test_losses_add_up(build: Build) -> None:
    weight = {task: 0.5 + i for i, task in enumerate(ALL)}
    report = build(tasks=ALL, mutual={"weight": weight}).run_epoch()
    total = sum(
        report[f"train/{task}/supervised"] + weight[task] * report[f"train/{task}/mimicry"]
        for task in Task
    )
    assert report["train/loss"] == pytest.approx(total, rel=1e-5)


def test_gap_is_val_minus_train_of_an_error_and_train_minus_val_of_a_merit(build: Build) -> None:
    trainer = build(tasks=ALL)
    report = trainer.run_epoch()
    # In evaluation mode and without augmentation, after the epoch.
    train = evaluate(trainer.peers[:1], trainer.train, tuple(Task), 8)
    val = evaluate(trainer.peers[:1], trainer.val, tuple(Task), 8)
    for m in metrics_of(Task):
        gap = train[m.path] - val[m.path] if m.higher_is_better else val[m.path] - train[m.path]
        assert report[f"val/{m.path}"] == val[m.path]
        assert report[f"gap/{m.path}"] == pytest.approx(gap, abs=1e-12)
    assert report["gap/depth/abs_err"] != 0
    assert report["gap/albedo/psnr"] != 0


def test_overfitting_is_a_positive_gap(build: Build) -> None:
    # What is learnt (class 0 at 1 m) is wrong on val (class 1 at 50 m).
    trainer = build(mutual=None, training={"epochs": 4, "optimizer": {"learning_rate": 0.1}})
    for examples, label, depth in ((trainer.train, 0, 1.0), (trainer.val, 1, 50.0)):
        examples.targets[Task.SEGMENTATION].fill_(label)
        examples.targets[Task.DEPTH].fill_(depth)
    reports = run(trainer, 4)
    for metric in metrics_of([Task.SEGMENTATION]):
        assert reports[-1][f"gap/{metric.path}"] > 0.5
    assert reports[-1]["gap/depth/abs_err"] > 40
    assert reports[-1]["gap/depth/rel_err"] > 0.3


def test_delta_m_is_that_of_the_reported_network_against_the_baseline(build: Build) -> None:
    baseline = {m.path: 0.1 + 0.1 * i for i, m in enumerate(metrics_of(Task))}
    report = build(tasks=ALL, baseline=baseline).run_epoch()
    val = {m.path: report[f"val/{m.path}"] for m in metrics_of(Task)}
    ensemble = {m.path: report[f"val/ensemble/{m.path}"] for m in metrics_of(Task)}
    drop = delta_m(val, baseline, Task, convention=Convention.DROP)
    assert report["val/delta_m"] == delta_m(val, baseline, Task)
    assert report["val/delta_m_drop"] == drop
    assert report["val/ensemble/delta_m"] == delta_m(ensemble, baseline, Task)
    for task in Task:
        assert report[f"val/delta_m/{task}"] == task_gain(val, baseline, task)
    assert report["val/delta_m"] != report["val/ensemble/delta_m"]


def test_score_on_another_split_is_named_as_val_is(build: Build) -> None:
    trainer = build(mutual={"peers": 3})
    report = trainer.run_epoch()
    assert trainer.score(trainer.val) == {
        name.removeprefix("val/"): value
        for name, value in report.items()
        if name.startswith("val/")
    }


# ---------------------------------------------------------------- what it depends on


@pytest.mark.parametrize("update", ["simultaneous", "alternating"])
def test_a_seed_fixes_everything(build: Build, update: str) -> None:
    first, second = (build(seed=3, mutual={"peers": 3, "update": update}) for _ in range(2))
    reports = run(first, 2)
    torch.rand(3)  # whatever else is drawn in the process
    assert run(second, 2) == reports
    assert torch.equal(weights(first), weights(second))


def test_another_seed_is_another_trial(build: Build) -> None:
    assert run(build(seed=0), 1) != run(build(seed=1), 1)


FAST = {"epochs": 8, "optimizer": {"learning_rate": 0.01}}


def test_peers_update_in_the_way_that_is_asked_for(build: Build) -> None:
    simultaneous, alternating = (
        build(mutual={"update": update}) for update in ("simultaneous", "alternating")
    )
    assert run(simultaneous, 1) != run(alternating, 1)


def test_training_learns(build: Build) -> None:
    # Of depths of chance between 1 and 5, the best single answer is wrong by 1 on average.
    losses = [
        report["train/loss"]
        for report in run(build(tasks=["depth"], mutual=None, training=FAST), 8)
    ]
    assert losses[-1] < 0.85 * losses[0]


@pytest.mark.parametrize("update", ["simultaneous", "alternating"])
def test_without_weight_peer_0_is_the_single_network_of_its_seed(build: Build, update: str) -> None:
    alone = build(mutual=None)
    together = build(mutual={"peers": 3, "weight": 0, "update": update})
    reports, of_peers = run(alone, 3), run(together, 3)
    assert torch.equal(peer_0(together), peer_0(alone))
    for own, all_of_them in zip(reports, of_peers, strict=True):
        assert {name: all_of_them[name] for name in own} == own


def test_mimicry_begins_after_the_warm_up(build: Build) -> None:
    alone = build(mutual=None)
    together = build(mutual={"warmup_epochs": 2, "weight": 0.5})
    for epoch in (1, 2, 3):
        alone.run_epoch()
        report = together.run_epoch()
        warm = epoch > 2
        assert torch.equal(peer_0(together), peer_0(alone)) != warm
        assert all((report[f"train/{task}/mimicry"] > 0) == warm for task in FEW)


def test_peers_stay_apart_but_mimicry_brings_them_closer(build: Build) -> None:
    free, bound = (
        run(build(tasks=["depth"], mutual={"weight": weight}, training=FAST), 8)[-1]
        for weight in (0, 10)
    )
    assert 0 < bound["peer_disagreement/depth"] < 0.7 * free["peer_disagreement/depth"]


@pytest.fixture
def seen_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[Trainer], list[list[Tensor]]]:
    """The batches that each peer of a trainer will have learnt from."""

    def watch(trainer: Trainer) -> list[list[Tensor]]:
        seen: list[list[Tensor]] = [[] for _ in trainer.peers]
        look = Peer.look_in_training

        def watched(peer: Peer, images: Tensor, *numbers: int) -> Seen:
            number = next(k for k, p in enumerate(trainer.peers) if p is peer)
            seen[number].append(images.clone())
            return look(peer, images, *numbers)

        monkeypatch.setattr(Peer, "look_in_training", watched)
        return seen

    return watch


def test_all_peers_see_the_same_images(build: Build, seen_of: Callable[..., list]) -> None:
    trainer = build(mutual={"peers": 3})
    seen = seen_of(trainer)
    trainer.run_epoch()
    assert [len(images) for images in seen] == [2, 2, 2]
    for images in zip(*seen, strict=True):
        assert torch.equal(images[0], images[1])
        assert torch.equal(images[0], images[2])


def test_every_image_is_seen_once_an_epoch_in_an_order_of_its_own(
    build: Build, seen_of: Callable[..., list]
) -> None:
    trainer = build(
        mutual=None, tasks=["depth"], training={"batch_size": 3}, data={"augmentation": "none"}
    )
    numbers = {image.sum().item(): i for i, image in enumerate(trainer.train.images)}
    (seen,) = seen_of(trainer)
    epochs = []
    for _ in range(4):
        trainer.run_epoch()
        epochs.append(tuple(numbers[image.sum().item()] for batch in seen for image in batch))
        seen.clear()
    assert all(sorted(order) == [0, 1, 2, 3] for order in epochs)
    assert len(set(epochs)) > 1


def test_augmentation_mirrors_some_images_with_their_labels(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirrored: list[bool] = []

    def spy(examples: Examples, choice: Tensor) -> Examples:
        mirrored.extend(choice.tolist())
        return flip(examples, choice)

    monkeypatch.setattr("mdml_tune.data.augment.flip", spy)
    run(build(mutual=None), 3)
    assert len(mirrored) == 12
    assert {True, False} == set(mirrored)
    mirrored.clear()
    run(build(mutual=None, data={"augmentation": "none"}), 1)
    assert not mirrored


def test_learning_rate_follows_the_schedule(build: Build) -> None:
    schedule = {"kind": "step", "epochs": 1, "factor": 0.1}
    trainer = build(training={"schedule": schedule, "optimizer": {"learning_rate": 0.01}})
    rates = []
    for peer in trainer.peers:
        peer.optimizer.register_step_pre_hook(
            lambda optimizer, *_: rates.append(optimizer.param_groups[0]["lr"])
        )
    run(trainer, 3)
    # Two steps an epoch, of two peers.
    assert rates == pytest.approx([0.01] * 4 + [0.001] * 4 + [0.0001] * 4)


# ---------------------------------------------------------------- going on


def on_disk(state: State) -> State:
    """As a checkpoint writes and reads it."""
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


@pytest.mark.parametrize(
    ("at", "kind"), [(0, "adam"), (1, "adam"), (2, "adam"), (2, "adamw"), (2, "sgd")]
)
def test_resumed_ends_bit_for_bit_like_uninterrupted(build: Build, at: int, kind: str) -> None:
    sections = {
        "mutual": {"peers": 2, "warmup_epochs": 1, "update": "alternating"},
        "training": {"optimizer": {"kind": kind, "learning_rate": 0.01}, "epochs": 3},
    }
    whole, first, second = (build(**sections) for _ in range(3))
    reports = run(whole, 3)
    assert run(first, at) == reports[:at]
    second.restore(on_disk(first.state()))
    assert run(second, 3 - at) == reports[at:]
    assert torch.equal(weights(second), weights(whole))
    assert second.epoch == 3


@pytest.mark.parametrize("lost", ["peers", "order", "epoch"])
def test_every_part_of_the_state_is_needed(build: Build, lost: str) -> None:
    # The control of the test above: it would notice.
    whole, first, second = (build() for _ in range(3))
    reports = run(whole, 3)
    run(first, 2)
    second.restore({**first.state(), lost: build().state()[lost]})
    assert run(second, 1) != reports[2:]
    assert not torch.equal(weights(second), weights(whole))


def test_state_is_what_checkpoints_can_hold(build: Build) -> None:
    trainer = build()
    trainer.run_epoch()
    assert set(on_disk(trainer.state())) == {"epoch", "peers", "order", "tutor"}


# ---------------------------------------------------------------- going wrong


def test_a_loss_that_explodes_is_named(build: Build) -> None:
    trainer = build(training={"optimizer": {"kind": "sgd", "learning_rate": 1e30}})
    with pytest.raises(DivergedError, match=r"^diverged in epoch [12]: \S+/\S+ is (nan|inf)$"):
        run(trainer, 2)


def test_images_that_are_not_numbers_are_noticed(build: Build) -> None:
    trainer = build()
    trainer.train.images[0, 0, 0, 0] = math.nan
    with pytest.raises(DivergedError, match=r"^diverged in epoch 1: train/loss is nan$"):
        trainer.run_epoch()


@pytest.mark.parametrize("task", ALL)
def test_a_network_that_breaks_in_the_last_step_is_noticed(build: Build, task: str) -> None:
    # The losses of the epoch are still numbers then.
    trainer = build(tasks=[task], mutual=None)

    def break_it(optimizer: torch.optim.Optimizer, *_: object) -> None:
        with torch.no_grad():
            optimizer.param_groups[0]["params"][0].fill_(math.nan)

    trainer.train = replace(trainer.train.batch(torch.tensor([0, 1])))
    trainer.peers[0].optimizer.register_step_post_hook(break_it)
    with pytest.raises(DivergedError, match=rf"^diverged in epoch 1: (val|gap)/{task}/\S+ is nan$"):
        trainer.run_epoch()
