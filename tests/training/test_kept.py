"""Networks of ended trials, read back from what was kept of them."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from mdml_tune.config.identity import config_id
from mdml_tune.config.schema import plain
from mdml_tune.config.trial import TrialConfig
from mdml_tune.records import Phase, TrialRecord
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tasks import Task
from mdml_tune.training.checkpoint import save_checkpoint
from mdml_tune.training.kept import kept_network, kept_state, kept_teachers
from mdml_tune.training.peers import Peer, build_peers

CPU = torch.device("cpu")


@pytest.fixture
def config(tiny: Callable[..., TrialConfig]) -> TrialConfig:
    return tiny(["depth"])


@pytest.fixture
def peers(config: TrialConfig) -> list[Peer]:
    return build_peers(config, seed=0, classes=0, device=CPU)


def opened(path: Path, config: TrialConfig) -> TrialFolder:
    folder = TrialFolder(path)
    folder.open(
        TrialRecord(
            trial_key="t0",
            config_id=config_id(config),
            phase=Phase.BASELINE,
            seed=0,
            config=plain(config),
        )
    )
    return folder


def test_the_reported_network_comes_back_frozen(
    tmp_path: Path, config: TrialConfig, peers: list[Peer]
) -> None:
    folder = opened(tmp_path, config)
    save_checkpoint(folder.checkpoints, 3, {"peers": [peer.state() for peer in peers]})
    images, chance = torch.rand(1, 3, 16, 24), torch.get_rng_state()
    network = kept_network(folder, 0, CPU)
    assert torch.equal(network(images)[Task.DEPTH], peers[0](images)[Task.DEPTH])
    assert not network.training
    assert not any(p.requires_grad for p in network.parameters())
    assert torch.equal(torch.get_rng_state(), chance)

    teachers = kept_teachers({Task.DEPTH: tmp_path}, 0, CPU)
    said = teachers(images)[Task.DEPTH].prediction
    assert torch.equal(said, network(images)[Task.DEPTH])


def test_a_network_trained_on_a_gpu_is_read_without_one(
    tmp_path: Path, config: TrialConfig, peers: list[Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = opened(tmp_path, config)
    with monkeypatch.context() as patch:
        patch.setattr(torch.serialization, "location_tag", lambda _: "cuda:0")
        save_checkpoint(folder.checkpoints, 3, {"peers": [peer.state() for peer in peers]})
    assert kept_state(folder)["peers"][0]["optimizer"]["state"] == {}
    images = torch.rand(1, 3, 16, 24)
    network = kept_network(folder, 0, CPU)
    assert torch.equal(network(images)[Task.DEPTH], peers[0](images)[Task.DEPTH])


def test_what_is_not_there_is_named(tmp_path: Path, config: TrialConfig) -> None:
    with pytest.raises(FileNotFoundError, match="No trial was opened in"):
        kept_network(TrialFolder(tmp_path / "nothing"), 0, CPU)
    with pytest.raises(FileNotFoundError, match="No whole checkpoint in"):
        kept_network(opened(tmp_path / "trial", config), 0, CPU)
    assert kept_teachers({}, 0, CPU) is None
