"""Gradients of several batches, averaged before a step."""

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.split import Examples
from mdml_tune.losses.mimicry import mimicry_loss
from mdml_tune.losses.supervised import supervised_loss
from mdml_tune.models.heads import Predictions
from mdml_tune.tasks import Task
from mdml_tune.training.peers import Peer, Seen
from mdml_tune.training.step import Lesson, alternating_step, simultaneous_step
from mdml_tune.training.trainer import Trainer

Tiny = Callable[..., TrialConfig]
Peers = Callable[..., list[Peer]]
Lessons = Callable[..., Lesson]

TASKS = (Task.SEGMENTATION, Task.DEPTH)
WEIGHT = 0.7


@pytest.fixture
def config(tiny: Tiny) -> TrialConfig:
    return tiny(TASKS, mutual={"peers": 2, "weight": WEIGHT})


@pytest.fixture
def batches(make_examples: Callable[..., Examples]) -> list[Examples]:
    return [make_examples(2, tasks=TASKS, seed=seed) for seed in (0, 1)]


def say(peer: Peer, batch: Examples) -> Predictions:
    with torch.no_grad():
        return peer(batch.images)


def loss(peer: Peer, other: Predictions, batch: Examples) -> Tensor:
    said = peer(batch.images)
    return torch.stack(
        [
            supervised_loss(t, said[t], batch.targets[t], batch.valid[t])
            + WEIGHT * mimicry_loss(t, said[t], other[t], batch.valid[t])
            for t in TASKS
        ]
    ).sum()


def mean_gradient(peer: Peer, others: Sequence[Predictions], batches: Sequence[Examples]) -> list:
    both = [loss(peer, other, batch) for other, batch in zip(others, batches, strict=True)]
    return list(torch.autograd.grad(sum(both) / len(both), peer.parameters()))


def close(first: Sequence[Tensor], second: Sequence[Tensor]) -> None:
    for a, b in zip(first, second, strict=True):
        assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_peers_step_once_on_the_mean_gradient(
    config: TrialConfig, recorded_peers: Peers, lesson_of: Lessons, batches: list[Examples]
) -> None:
    peers = recorded_peers(config)
    said = [[say(peer, batch) for batch in batches] for peer in peers]
    expected = [mean_gradient(peers[k], said[1 - k], batches) for k in (0, 1)]
    simultaneous_step(peers, batches, lesson_of(config), 0)
    for peer, gradient in zip(peers, expected, strict=True):
        (given,) = peer.optimizer.given
        close(given, gradient)


def test_alternating_peers_see_the_updated_ones_in_every_batch(
    config: TrialConfig, recorded_peers: Peers, lesson_of: Lessons, batches: list[Examples]
) -> None:
    by_hand, peers = recorded_peers(config), recorded_peers(config)
    for k, peer in enumerate(by_hand):
        others = [say(by_hand[1 - k], batch) for batch in batches]
        gradients = mean_gradient(peer, others, batches)
        with torch.no_grad():
            for parameter, gradient in zip(peer.parameters(), gradients, strict=True):
                parameter.sub_(0.1 * gradient)
    alternating_step(peers, batches, lesson_of(config), 0)
    for peer, hand in zip(peers, by_hand, strict=True):
        assert len(peer.optimizer.given) == 1
        close(peer.parameters(), hand.parameters())


@pytest.mark.parametrize("step", [simultaneous_step, alternating_step])
def test_losses_are_averaged_over_the_batches(
    config: TrialConfig,
    recorded_peers: Peers,
    lesson_of: Lessons,
    batches: list[Examples],
    step: Callable,
) -> None:
    together = step(recorded_peers(config, lr=0.0), batches, lesson_of(config), 0)
    apart = [
        step(recorded_peers(config, lr=0.0), [batch], lesson_of(config), 0) for batch in batches
    ]
    for k in (0, 1):
        for name in ("combined_T", "supervised_T", "mimicry_T", "further_T", "total"):
            mean = sum(getattr(losses[k], name) for losses in apart) / 2
            assert_close(getattr(together[k], name), mean)


def test_an_epoch_has_a_step_for_every_so_many_batches(
    tiny: Tiny, make_examples: Callable[..., Examples], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Five images: batches of 2, 2 and 1; steps of two batches and of one.
    schedule = {"kind": "poly", "power": 1.0}
    config = tiny(
        TASKS,
        training={"accumulate": 2, "epochs": 2, "schedule": schedule},
        mutual={"peers": 2},
    )
    trainer = Trainer.build(
        config,
        seed=0,
        train=make_examples(5, tasks=TASKS),
        val=make_examples(1, tasks=TASKS),
        baseline=None,
    )
    rates: list[float] = []
    trainer.peers[0].optimizer.register_step_pre_hook(
        lambda optimizer, *_: rates.append(optimizer.param_groups[0]["lr"])
    )
    seen: list[tuple[int, int, int]] = []
    look = Peer.look_in_training

    def watched(peer: Peer, images: Tensor, step: int, number: int = 0) -> Seen:
        seen.append((trainer.peers.index(peer), len(images), step))
        return look(peer, images, step, number)

    monkeypatch.setattr(Peer, "look_in_training", watched)
    trainer.run_epoch()
    trainer.run_epoch()
    full = config.training.optimizer.learning_rate
    assert rates == pytest.approx([full * share for share in (1, 3 / 4, 2 / 4, 1 / 4)])
    # Both peers look at every batch, with dropout that no other batch has.
    batches = [(images, step) for number, images, step in seen if number == 0]
    assert batches == [(images, step) for number, images, step in seen if number == 1]
    assert [images for images, _ in batches] == [2, 2, 1] * 2
    assert len({step for _, step in batches}) == 6
