"""Peers that do not learn from each other are single networks, to the last bit."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.split import Examples
from mdml_tune.tasks import Task
from mdml_tune.training.peers import Peer
from mdml_tune.training.trainer import Trainer

Tiny = Callable[..., TrialConfig]
Build = Callable[..., Trainer]

TASKS = (Task.SEGMENTATION, Task.DEPTH)
SEGNET = {"network": {"kind": "segnet", "width": 4}, "data": {"image_size": [32, 32]}}


@pytest.fixture
def build(tiny: Tiny, make_examples: Callable[..., Examples]) -> Build:
    def make(**sections: object) -> Trainer:
        config = tiny(TASKS, **sections)
        size = config.data.image_size
        return Trainer.build(
            config,
            seed=5,
            train=make_examples(4, tasks=TASKS, size=size),
            val=make_examples(1, tasks=TASKS, size=size, seed=1),
            baseline=None,
        )

    return make


def state(peer: Peer) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in peer.network.state_dict().items()}


def same(first: Peer, second: Peer) -> bool:
    one, other = state(first), state(second)
    assert one.keys() == other.keys()
    return all(torch.equal(one[name], other[name]) for name in one)


KINDS = {
    "dropout": {"network": {"kind": "unet", "width": 4, "dropout": 0.4}},
    "batch norm": SEGNET,
    "zoom": {"data": {"augmentation": "flip_and_scale"}},
    "accumulate": {"training": {"batch_size": 1, "accumulate": 3}},
}


@pytest.mark.parametrize("update", ["simultaneous", "alternating"])
@pytest.mark.parametrize("sections", KINDS.values(), ids=KINDS)
def test_peer_0_is_the_single_network(build: Build, sections: dict, update: str) -> None:
    alone = build(mutual=None, **sections)
    together = build(mutual={"peers": 2, "weight": 0, "update": update}, **sections)
    start = state(alone.peers[0])
    for _ in range(2):
        own, of_peers = alone.run_epoch(), together.run_epoch()
        own = {name: value for name, value in own.items() if not name.startswith("time/")}
        assert {name: of_peers[name] for name in own} == own
    assert same(alone.peers[0], together.peers[0])
    assert any(not torch.equal(start[k], v) for k, v in state(alone.peers[0]).items())


WEIGHTINGS = ["dwa", "dtp", "stch", "uncertainty", "rlw", "famo", "gradnorm"]


@pytest.mark.parametrize("kind", WEIGHTINGS)
def test_every_peer_has_a_weighting_of_its_own(build: Build, kind: str) -> None:
    # What the second one learns with the first beside it, it learns by itself.
    settings = {"warmup_epochs": 1} if kind == "stch" else {}
    sections = {"weighting": {"kind": kind, **settings}, "training": {"batch_size": 4}}
    together = build(mutual={"peers": 2, "weight": 0}, **sections)
    alone = build(mutual={"peers": 2, "weight": 0}, **sections)
    del alone.peers[0]
    for _ in range(3):
        together.run_epoch()
        alone.run_epoch()
    assert same(together.peers[1], alone.peers[0])


@pytest.mark.parametrize("update", ["simultaneous", "alternating"])
def test_unlike_peers_learn_from_each_other(build: Build, update: str) -> None:
    unlike = [{"kind": "unet", "width": 4}, {"kind": "unet", "width": 8}]
    free, bound = (
        build(mutual={"peers": unlike, "weight": weight, "update": update}) for weight in (0, 1)
    )
    alone = build(mutual=None)
    reports = [trainer.run_epoch() for trainer in (free, bound)]
    alone.run_epoch()
    assert same(free.peers[0], alone.peers[0])
    for k in (0, 1):
        assert not same(free.peers[k], bound.peers[k])
    assert all(reports[1][f"train/{task}/mimicry"] > 0 for task in TASKS)


def test_a_unet_and_a_resnet_may_be_peers(build: Build) -> None:
    unlike = [{"kind": "unet", "width": 4}, {"kind": "deeplabv3", "backbone": "resnet18"}]
    trainer = build(mutual={"peers": unlike}, training={"batch_size": 4, "epochs": 1})
    start = [state(peer) for peer in trainer.peers]
    report = trainer.run_epoch()
    assert report["train/depth/mimicry"] > 0
    assert "val/ensemble/segmentation/miou" in report
    for peer, before in zip(trainer.peers, start, strict=True):
        name = next(name for name, value in before.items() if value.dim() == 4)
        assert not torch.equal(state(peer)[name], before[name])


@pytest.mark.parametrize("sections", [{"weight": 0}, {"warmup_epochs": 2}])
def test_nobody_is_asked_in_vain(
    build: Build, monkeypatch: pytest.MonkeyPatch, sections: dict[str, object]
) -> None:
    trainer = build(mutual={"peers": 3, "update": "alternating", **sections})
    looks: list[Peer] = []
    look = Peer.look_in_training
    monkeypatch.setattr(
        Peer,
        "look_in_training",
        lambda peer, *numbers: looks.append(peer) or look(peer, *numbers),
    )
    trainer.run_epoch()
    assert len(looks) == 3 * 2  # peers times batches
