"""Dropout that depends on the peer, the step and the number of the look, and on nothing else."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.split import Examples
from mdml_tune.tasks import Task
from mdml_tune.training.peers import Peer, build_peers
from mdml_tune.training.step import Lesson, alternating_step, simultaneous_step

Tiny = Callable[..., TrialConfig]

TASKS = (Task.SEGMENTATION, Task.DEPTH)
DROPPING = {"kind": "unet", "width": 4, "dropout": 0.4}


def peers_of(config: TrialConfig, seed: int = 0) -> list[Peer]:
    return build_peers(config, seed=seed, classes=4, device=torch.device("cpu"))


@pytest.fixture
def config(tiny: Tiny) -> TrialConfig:
    return tiny(TASKS, network=DROPPING)


@pytest.fixture
def images(make_examples: Callable[..., Examples]) -> Tensor:
    return make_examples(2, tasks=TASKS).images


def test_a_look_is_fixed_by_its_numbers(config: TrialConfig, images: Tensor) -> None:
    (peer, _), (again, _) = peers_of(config), peers_of(config)
    first = peer.look_in_training(images, 3, 1).predictions[Task.DEPTH]
    torch.rand(7)
    again.look_in_training(images, 4)
    assert torch.equal(again.look_in_training(images, 3, 1).predictions[Task.DEPTH], first)


def test_looks_differ_by_step_by_number_and_by_peer(config: TrialConfig, images: Tensor) -> None:
    peers = peers_of(config)
    peers[1].network.load_state_dict(peers[0].network.state_dict())
    looks = [
        peer.look_in_training(images, step, number).predictions[Task.DEPTH]
        for peer in peers
        for step in (0, 1, 2)
        for number in (0, 1)
    ]
    for i, one in enumerate(looks):
        assert not any(torch.equal(one, other) for other in looks[:i])


def test_nothing_is_dropped_in_evaluation(config: TrialConfig, images: Tensor) -> None:
    (peer, _) = peers_of(config)
    peer.network.eval()
    assert torch.equal(peer(images)[Task.DEPTH], peer(images)[Task.DEPTH])


@pytest.mark.parametrize("step", [simultaneous_step, alternating_step])
def test_others_change_nothing_of_what_a_peer_drops(
    tiny: Tiny,
    lesson_of: Callable[..., Lesson],
    make_examples: Callable[..., Examples],
    step: Callable,
) -> None:
    # A weight of 0, and yet the others are asked: bit for bit the single network.
    alone, together = (
        tiny(TASKS, network=DROPPING, mutual=None),
        tiny(TASKS, network=DROPPING, mutual={"peers": 3, "weight": 0}),
    )
    single, peers = peers_of(alone), peers_of(together)
    for i in range(3):
        batch = make_examples(2, tasks=TASKS, seed=i)
        simultaneous_step(single, [batch], lesson_of(alone), i)
        step(peers, [batch], lesson_of(together), i)
    for one, other in zip(single[0].parameters(), peers[0].parameters(), strict=True):
        assert torch.equal(one, other)
