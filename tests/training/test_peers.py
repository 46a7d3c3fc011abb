"""Where peers start: apart from each other, and reproducibly."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mdml_tune.config.trial import TrialConfig
from mdml_tune.errors import ConfigError
from mdml_tune.tasks import Task
from mdml_tune.training.peers import ORDER_STREAM, build_peers, derived_seed

Tiny = Callable[..., TrialConfig]


def start(config: TrialConfig, seed: int) -> list[Tensor]:
    """The weights of each peer in one row."""
    peers = build_peers(config, seed=seed, classes=4, device=torch.device("cpu"))
    return [torch.cat([p.detach().flatten() for p in x.network.parameters()]) for x in peers]


def test_peers_start_apart(tiny: Tiny) -> None:
    first, second, third = start(tiny(mutual={"peers": 3}), seed=0)
    # Peers that start alike stay alike, and have nothing to teach each other.
    for one, other in ((first, second), (first, third), (second, third)):
        # All but the norms, which start from ones and zeros everywhere.
        assert (one != other).double().mean() > 0.9


def test_a_peer_depends_on_seed_and_place_alone(tiny: Tiny) -> None:
    few = start(tiny(mutual={"peers": 2}), seed=3)
    torch.rand(5)  # whatever was drawn before
    many = start(tiny(mutual={"peers": 4, "weight": 0.3, "update": "alternating"}), seed=3)
    alone = start(tiny(mutual=None, training={"epochs": 1}), seed=3)
    assert torch.equal(few[0], many[0])
    assert torch.equal(few[1], many[1])
    assert torch.equal(alone[0], few[0])


def test_other_seeds_start_elsewhere(tiny: Tiny) -> None:
    # Also not at a neighbour's peer: seed 0's second peer is not seed 1's first.
    starts = [weights for seed in range(3) for weights in start(tiny(), seed)]
    for i, one in enumerate(starts):
        for other in starts[:i]:
            assert not torch.equal(one, other)


def test_building_leaves_the_global_generators_alone(tiny: Tiny) -> None:
    torch_before, numpy_before = torch.get_rng_state(), np.random.get_state()[1]  # noqa: NPY002
    start(tiny(), seed=0)
    assert torch.equal(torch.get_rng_state(), torch_before)
    assert (np.random.get_state()[1] == numpy_before).all()  # noqa: NPY002


def test_streams_of_a_trial_are_apart() -> None:
    # 16 peers are allowed, beside the order of the images.
    streams = [*range(16), ORDER_STREAM]
    seeds = {derived_seed(seed, stream) for seed in range(50) for stream in streams}
    assert len(seeds) == 50 * len(streams)
    assert all(0 <= seed < 2**63 for seed in seeds)


@pytest.mark.parametrize(("kind", "name"), [("adam", "Adam"), ("adamw", "AdamW"), ("sgd", "SGD")])
def test_optimizer_is_the_one_of_the_recipe(tiny: Tiny, kind: str, name: str) -> None:
    recipe = {"kind": kind, "learning_rate": 0.02, "weight_decay": 0.3}
    config = tiny(training={"optimizer": recipe})
    (first, _) = build_peers(config, seed=0, classes=4, device=torch.device("cpu"))
    assert type(first.optimizer).__name__ == name
    assert first.optimizer.defaults["lr"] == 0.02
    assert first.optimizer.defaults["weight_decay"] == 0.3
    trained = {id(p) for group in first.optimizer.param_groups for p in group["params"]}
    assert trained == {id(p) for p in first.network.parameters()}
    if kind == "sgd":
        assert first.optimizer.defaults["momentum"] == 0.9
        assert first.optimizer.defaults["nesterov"]


def test_an_unlike_peer_leaves_the_first_as_it_was(tiny: Tiny) -> None:
    alone = start(tiny(mutual=None), seed=3)
    wide, deep = {"kind": "unet", "width": 8}, {"kind": "deeplabv3", "backbone": "resnet18"}
    same = {"kind": "unet", "width": 4}
    unlike = start(tiny(mutual={"peers": [same, wide, deep]}), seed=3)
    assert torch.equal(unlike[0], alone[0])
    assert len({len(weights) for weights in unlike}) == 3


@pytest.mark.parametrize("kind", ["gradnorm", "pcgrad", "graddrop"])
def test_gradients_need_a_network_that_shows_its_features(tiny: Tiny, kind: str) -> None:
    own = {"kind": "custom", "function": "torch.nn:Identity"}
    config = tiny(network=own, weighting={"kind": kind})
    with pytest.raises(ConfigError, match=rf"^weighting {kind} .*methods `features` and `heads`"):
        start(config, seed=0)


@pytest.mark.parametrize("shows", [True, False])
def test_what_is_compiled_is_what_is_called(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, *, shows: bool
) -> None:
    compiled: list[object] = []
    monkeypatch.setattr(torch, "compile", lambda function: compiled.append(function) or function)
    monkeypatch.setattr(nn.Module, "compile", lambda network: compiled.append(network))  # noqa: PLW0108
    own = {"kind": "custom", "function": "torch.nn:Module"}
    monkeypatch.setattr("mdml_tune.models.custom.imported", lambda _: lambda *_, **__: _Plain())
    config = tiny(["depth"], mutual=None, training={"compile": True})
    if not shows:
        config = tiny(["depth"], mutual=None, training={"compile": True}, network=own)
    (peer,) = build_peers(config, seed=0, classes=4, device=torch.device("cpu"))
    names = set(peer.network.state_dict())
    (plain,) = build_peers(
        replace(config, training=replace(config.training, compile=False)),
        seed=0,
        classes=4,
        device=torch.device("cpu"),
    )
    assert names == set(plain.network.state_dict())
    images = torch.rand(1, 3, 16, 24)
    assert torch.equal(peer(images)[Task.DEPTH], plain(images)[Task.DEPTH])
    assert len(compiled) == (2 if shows else 1)


class _Plain(nn.Module):
    """A network of a user's own that shows no features."""

    def __init__(self) -> None:
        super().__init__()
        self.only = nn.Conv2d(3, 1, 1)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        return {"depth": self.only(images)}
