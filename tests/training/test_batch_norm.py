"""Networks with batch normalisation: no look but that of learning leaves a trace in them."""

from collections.abc import Callable
from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.split import Examples
from mdml_tune.tasks import Task
from mdml_tune.training.peers import Peer, build_peers, untracked
from mdml_tune.training.step import Lesson, alternating_step, simultaneous_step

Tiny = Callable[..., TrialConfig]
Lessons = Callable[..., Lesson]

TASKS = (Task.SEGMENTATION, Task.DEPTH)


@pytest.fixture
def segnets(tiny: Tiny) -> Callable[..., TrialConfig]:
    def build(**sections: object) -> TrialConfig:
        network, size = {"kind": "segnet", "width": 4}, {"image_size": [32, 32]}
        return tiny(TASKS, network=network, data=size, **sections)

    return build


@pytest.fixture
def batches(make_examples: Callable[..., Examples]) -> list[Examples]:
    return [make_examples(2, tasks=TASKS, size=(32, 32), seed=seed) for seed in (0, 1)]


def peers_of(config: TrialConfig) -> list[Peer]:
    return build_peers(config, seed=0, classes=4, device=torch.device("cpu"))


def buffers(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.named_buffers()}


def equal(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    assert first.keys() == second.keys()
    return all(torch.equal(first[name], second[name]) for name in first)


WAYS = [
    ("alternating", "equal"),
    ("simultaneous", "famo"),  # looks once more after its step
    ("alternating", "famo"),
]


@pytest.mark.parametrize(("update", "weighting"), WAYS)
def test_statistics_are_those_of_one_look_at_each_batch(
    segnets: Tiny,
    lesson_of: Lessons,
    batches: list[Examples],
    update: str,
    weighting: str,
) -> None:
    config = segnets(mutual={"peers": 3, "update": update}, weighting={"kind": weighting})
    peers = peers_of(config)
    expected = []
    for peer in peers:
        alone = deepcopy(peer.network).train()
        for batch in batches:
            alone(batch.images)
        expected.append(buffers(alone))
        assert not equal(expected[-1], buffers(peer.network))
    step = alternating_step if update == "alternating" else simultaneous_step
    step(peers, batches, lesson_of(config), 0)
    for peer, statistics in zip(peers, expected, strict=True):
        assert equal(buffers(peer.network), statistics)
        for norm in (m for m in peer.network.modules() if isinstance(m, nn.BatchNorm2d)):
            assert norm.num_batches_tracked == 2
            assert norm.momentum == 0.1


def test_untracked_restores_what_it_changes_even_after_an_error(
    segnets: Tiny, batches: list[Examples]
) -> None:
    (peer, _) = peers_of(segnets())
    norms = [m for m in peer.network.modules() if isinstance(m, nn.BatchNorm2d)]
    norms[0].momentum = None  # a cumulative average
    counters = [norm.num_batches_tracked for norm in norms]
    before = buffers(peer.network)
    with pytest.raises(ZeroDivisionError), untracked([peer]):  # noqa: PT012
        assert not peer(batches[0].images)[Task.DEPTH].requires_grad
        raise ZeroDivisionError
    assert equal(buffers(peer.network), before)
    assert [norm.momentum for norm in norms] == [None] + [0.1] * (len(norms) - 1)
    assert all(n.num_batches_tracked is c for n, c in zip(norms, counters, strict=True))


def test_untracked_peers_say_what_tracked_ones_say(segnets: Tiny, batches: list[Examples]) -> None:
    # By the statistics of the batch, not by the running ones.
    (peer, _) = peers_of(segnets())
    with untracked([peer]):
        said = peer.look_in_training(batches[0].images, 0).predictions
    again = peer.look_in_training(batches[0].images, 0).predictions
    for task in TASKS:
        assert torch.equal(said[task], again[task])


def test_peers_of_another_network_alternate_too(
    segnets: Tiny, lesson_of: Lessons, batches: list[Examples]
) -> None:
    unlike = [{"kind": "unet", "width": 4}, {"kind": "segnet", "width": 4}]
    config = segnets(mutual={"peers": unlike, "update": "alternating"})
    peers = peers_of(config)
    alternating_step(peers, batches[:1], lesson_of(config), 0)
    counts = [m for m in peers[1].network.modules() if isinstance(m, nn.BatchNorm2d)]
    assert {int(norm.num_batches_tracked) for norm in counts} == {1}
