"""Teachers are asked and never change."""

from collections.abc import Callable, Mapping

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from mdml_tune.config.load import load_trial, single_task
from mdml_tune.config.trial import TrialConfig
from mdml_tune.errors import ConfigError
from mdml_tune.losses.distillation import Adaptors, own_target
from mdml_tune.models.build import build_network
from mdml_tune.models.network import Features, HeadedNetwork
from mdml_tune.scd.teachers import (
    Teachers,
    load_teacher,
    tap_channels,
    taps_of,
    with_features,
)
from mdml_tune.tasks import Task

S, D, N = Task.SEGMENTATION, Task.DEPTH, Task.NORMALS
CLASSES = 4
CPU = torch.device("cpu")
IMAGES = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(1))

SEGNET = {"kind": "segnet", "width": 4}  # it has batch normalisation
SIZE = {"image_size": [32, 32]}


class Normalising(HeadedNetwork):
    """Two taps, the first of depth's own, after batch normalisation."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3)
        self.heads = nn.ModuleDict({"depth": nn.Conv2d(3, 1, 1), "normals": nn.Conv2d(3, 3, 1)})

    def features(self, images_NCHW: Tensor) -> Features:
        x = self.norm(images_NCHW)
        return {D: x[:, :2], N: x[:, :1]}, x


class Silent(nn.Module):
    """A network of somebody's own that tells no features."""

    def forward(self, images_NCHW: Tensor) -> dict[Task, Tensor]:
        return {D: images_NCHW[:, :1]}


@pytest.fixture
def config(tiny: Callable[..., TrialConfig]) -> TrialConfig:
    return tiny(data=SIZE, network=SEGNET)


def trained(config: TrialConfig) -> dict[str, Tensor]:
    """The state of a network that has seen images."""
    network = build_network(config.network, config.data.tasks, CLASSES)
    with torch.no_grad():
        network(IMAGES * 5)
    return network.state_dict()


def snapshot(network: nn.Module) -> Mapping[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def test_it_says_what_the_trained_network_said(config: TrialConfig) -> None:
    config = single_task(config, D)
    state = trained(config)
    network = build_network(config.network, (D,), CLASSES)
    network.load_state_dict(state)
    with torch.no_grad():
        expected = network.eval()(IMAGES)[D]
    taught = Teachers({D: load_teacher(config, state, CLASSES, CPU)})(IMAGES)[D]
    assert_close(taught.prediction, expected)
    assert taught.features is not None
    assert len(taught.features) == len(network.features(IMAGES))


def test_nothing_about_a_teacher_changes_when_it_is_used(config: TrialConfig) -> None:
    config = single_task(config, D)
    network = load_teacher(config, trained(config), CLASSES, CPU)
    before = snapshot(network)
    teachers = Teachers({D: network})
    features, prediction = teachers(IMAGES.clone().requires_grad_())[D]
    student = [tap.clone().requires_grad_() for tap in features]
    channels = {D: [tap.shape[1] for tap in features]}
    loss = Adaptors(channels, channels)(D, student, own_target(features))
    (loss + (prediction - student[-1].mean()).square().mean()).backward()
    teachers(torch.rand(2, 3, 32, 32))
    assert any("running_mean" in name for name in before)  # there is something to disturb
    assert_close(snapshot(network), before, rtol=0, atol=0)
    assert not network.training
    assert all(not weight.requires_grad and weight.grad is None for weight in network.parameters())
    assert not any(tensor.requires_grad for tensor in (*features, prediction))


def test_what_it_says_of_an_image_does_not_depend_on_the_batch(config: TrialConfig) -> None:
    config = single_task(config, D)
    teachers = Teachers({D: load_teacher(config, trained(config), CLASSES, CPU)})
    together, alone = teachers(IMAGES)[D].prediction, teachers(IMAGES[:1])[D].prediction
    assert_close(together[:1], alone)


def test_loading_does_not_disturb_chance(config: TrialConfig) -> None:
    config = single_task(config, D)
    state = trained(config)
    before = torch.get_rng_state()
    load_teacher(config, state, CLASSES, CPU)
    assert torch.equal(torch.get_rng_state(), before)


def test_its_weights_are_its_own(config: TrialConfig) -> None:
    config = single_task(config, D)
    state = trained(config)
    network = load_teacher(config, state, CLASSES, CPU)
    before = snapshot(network)
    for value in state.values():
        value.zero_()
    assert_close(snapshot(network), before, rtol=0, atol=0)


def test_the_weights_that_training_started_from_need_not_be_there() -> None:
    network = {"kind": "deeplabv3", "backbone": "resnet18"}
    data = {"dataset": "rooms", "tasks": ["depth"]}
    config = load_trial({"data": data, "network": network})
    gone = load_trial({"data": data, "network": {**network, "pretrained": "/gone.pth"}})
    state = build_network(config.network, (D,), CLASSES).state_dict()
    assert not load_teacher(gone, state, CLASSES, CPU).training


def test_networks_of_all_tasks_are_loaded_too(config: TrialConfig) -> None:
    network = load_teacher(config, trained(config), CLASSES, CPU)
    assert set(network(IMAGES)) == {S, D, N}


def test_only_those_asked_for_answer() -> None:
    class Unasked(nn.Module):
        def forward(self, _: Tensor) -> dict[Task, Tensor]:
            raise AssertionError

    teachers = Teachers({S: Unasked(), D: Silent()})
    assert set(teachers(IMAGES, {D})) == {D}
    assert teachers(IMAGES, frozenset()) == {}
    with pytest.raises(AssertionError):
        teachers(IMAGES)


def test_a_network_may_tell_no_features() -> None:
    assert Teachers({D: Silent()})(IMAGES)[D].features is None
    with pytest.raises(ConfigError, match=r"tells no features.*scd\.distil to outputs"):
        with_features(Silent())


def test_a_task_has_its_own_or_the_shared_tap() -> None:
    network = Normalising().eval()
    features = network.features(IMAGES)
    assert [tap.shape[1] for tap in taps_of(features, D)] == [2, 3]
    assert [tap.shape[1] for tap in taps_of(features, N)] == [1, 3]


def test_channels_are_found_without_a_trace() -> None:
    network = Normalising().train()
    before = snapshot(network)
    assert tap_channels(network, (D, N), (16, 24), CPU) == {D: (2, 3), N: (1, 3)}
    assert network.training
    assert_close(snapshot(network), before, rtol=0, atol=0)
