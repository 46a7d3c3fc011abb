"""R-Drop in training: two passes of one network, both supervised, pulled together."""

from collections.abc import Callable, Mapping

import pytest
import torch
from torch.testing import assert_close

from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.split import Examples
from mdml_tune.losses.agreement import agreement_loss
from mdml_tune.losses.supervised import supervised_loss
from mdml_tune.tasks import Task
from mdml_tune.training.peers import Peer
from mdml_tune.training.r_drop import RDrop
from mdml_tune.training.step import Lesson, simultaneous_step
from mdml_tune.training.trainer import Trainer
from mdml_tune.training.tutors import build_tutor

Tiny = Callable[..., TrialConfig]
Peers = Callable[..., list[Peer]]
Lessons = Callable[..., Lesson]

ALL = tuple(Task)
WEIGHTS = {task: 0.5 + i for i, task in enumerate(Task)}
STEP = 7


@pytest.fixture
def config(tiny: Tiny) -> TrialConfig:
    network = {"kind": "unet", "width": 4, "dropout": 0.4}
    return tiny(ALL, network=network, mutual=None, r_drop={"weight": WEIGHTS})


@pytest.fixture
def batch(make_examples: Callable[..., Examples]) -> Examples:
    return make_examples(2)


def test_both_passes_learn_from_labels_and_from_each_other(
    config: TrialConfig, recorded_peers: Peers, lesson_of: Lessons, batch: Examples
) -> None:
    peers = recorded_peers(config)
    tutor = build_tutor(config, peers, batch, seed=0, teachers=None)
    first, second = (
        peers[0].look_in_training(batch.images, STEP, number).predictions for number in (0, 1)
    )
    supervised, apart = [], []
    for task in Task:
        target, valid = batch.targets[task], batch.valid[task]
        assert not torch.equal(first[task], second[task])
        supervised.append([supervised_loss(task, s[task], target, valid) for s in (first, second)])
        apart.append(agreement_loss(task, first[task], second[task], valid))
    total = sum(sum(supervised[i]) / 2 + WEIGHTS[task] * apart[i] for i, task in enumerate(Task))
    expected = torch.autograd.grad(total, peers[0].parameters())
    losses = simultaneous_step(peers, [batch], lesson_of(config, tutor=tutor), STEP)[0]
    assert_close(losses.further_T, torch.stack(apart).detach())
    assert (losses.further_T > 0).all()
    # What is reported beside single networks is one pass, as they have it.
    assert_close(losses.supervised_T, torch.stack([pair[0] for pair in supervised]).detach())
    assert_close(losses.total, total.detach())
    for given, wanted in zip(peers[0].optimizer.given[0], expected, strict=True):
        assert_close(given, wanted, rtol=1e-4, atol=1e-6)


def test_without_dropout_there_is_nothing_to_agree_on(
    tiny: Tiny, recorded_peers: Peers, lesson_of: Lessons, batch: Examples
) -> None:
    plain = tiny(ALL, mutual=None)
    peers, alone = recorded_peers(plain), recorded_peers(plain)
    tutor = RDrop(ALL, WEIGHTS)
    losses = simultaneous_step(peers, [batch], lesson_of(plain, tutor=tutor), 0)[0]
    simultaneous_step(alone, [batch], lesson_of(plain), 0)
    assert not losses.further_T.any()
    assert_close(losses.combined_T, losses.supervised_T)
    for one, other in zip(peers[0].parameters(), alone[0].parameters(), strict=True):
        assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_passes_come_closer_where_it_costs_to_differ(
    tiny: Tiny, make_examples: Callable[..., Examples]
) -> None:
    def agreement(weight: float) -> Mapping[str, float]:
        config = tiny(
            ["depth"],
            network={"kind": "unet", "width": 4, "dropout": 0.4},
            mutual=None,
            r_drop={"weight": weight},
            training={"epochs": 6, "optimizer": {"learning_rate": 0.01}},
        )
        train = make_examples(4, tasks=config.data.tasks)
        trainer = Trainer.build(config, seed=0, train=train, val=train, baseline=None)
        return [trainer.run_epoch()["train/depth/agreement"] for _ in range(6)][-1]

    assert 0 < agreement(10.0) < 0.7 * agreement(0.0)
