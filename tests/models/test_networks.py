"""What every network must do, whichever it is: the bargain between trunk and heads."""

from typing import cast

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from mdml_tune.config.network import (
    DeepLabV3Config,
    MtanConfig,
    NetworkConfig,
    SegNetConfig,
    SegNetMtanConfig,
    UNetConfig,
)
from mdml_tune.models.build import build_network
from mdml_tune.models.heads import Predictions
from mdml_tune.models.network import Features, MultiTaskNetwork, has_features, of_task, tensors
from mdml_tune.tasks import Task

TASKS = (Task.DEPTH, Task.NORMALS)
CHANNELS = {Task.DEPTH: 1, Task.NORMALS: 3}
SIZE = (32, 64)

CONFIGS: dict[str, NetworkConfig] = {
    "unet": UNetConfig(width=4),
    "unet-dropout": UNetConfig(width=4, dropout=0.5),
    "segnet": SegNetConfig(kind="segnet", width=4),
    "segnet_mtan": SegNetMtanConfig(kind="segnet_mtan", width=4),
    "deeplabv3": DeepLabV3Config(kind="deeplabv3", backbone="resnet18"),
    "mtan": MtanConfig(kind="mtan", backbone="resnet18"),
}


@pytest.fixture(scope="module", params=CONFIGS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def built(kind: str) -> MultiTaskNetwork:
    torch.manual_seed(0)
    network = build_network(CONFIGS[kind], TASKS, 5)
    assert has_features(network)
    return network


@pytest.fixture
def network(built: MultiTaskNetwork) -> MultiTaskNetwork:
    built.zero_grad()
    return built.train()


@pytest.fixture
def images() -> Tensor:
    return torch.rand(2, 3, *SIZE)


def moved(prediction: Tensor) -> Tensor:
    """A scalar that every value of a prediction moves, unit vectors too."""
    weights = torch.linspace(-1, 1, prediction.numel()).view_as(prediction)
    return (prediction * weights).sum()


def learnt(network: nn.Module) -> set[str]:
    return {
        name
        for name, parameter in network.named_parameters()
        if parameter.grad is not None and parameter.grad.abs().sum() > 0
    }


def head_of(task: Task) -> str:
    return f"heads.{task}."


def copy_of(features: Features) -> Features:
    return tuple(
        tap.clone() if isinstance(tap, Tensor) else {task: own.clone() for task, own in tap.items()}
        for tap in features
    )


@torch.no_grad()
def test_predictions_have_the_size_of_the_images(network: MultiTaskNetwork, images: Tensor) -> None:
    predictions = network(images)
    assert {task: tuple(p.shape) for task, p in predictions.items()} == {
        task: (2, number, *SIZE) for task, number in CHANNELS.items()
    }
    assert all(p.dtype is torch.float32 for p in predictions.values())


@torch.no_grad()
def test_values_mean_what_the_task_says(network: MultiTaskNetwork, images: Tensor) -> None:
    predictions = network(images)
    length = predictions[Task.NORMALS].norm(dim=1)
    assert_close(length, torch.ones_like(length))
    assert (predictions[Task.DEPTH] > 0).all()


@torch.no_grad()
def test_forward_is_features_then_heads(network: MultiTaskNetwork, images: Tensor) -> None:
    network.eval()
    whole, parts = network(images), network.predict(network.features(images), SIZE)
    assert all(torch.equal(whole[task], parts[task]) for task in TASKS)


@torch.no_grad()
def test_heads_read_the_last_features_alone(network: MultiTaskNetwork, images: Tensor) -> None:
    # So that the gradient by the features of a task is all that its head tells the trunk.
    network.eval()
    features = network.features(images)
    last = tuple(features[-1:])
    before, after = network.predict(features, SIZE), network.predict(last, SIZE)
    assert all(torch.equal(before[task], after[task]) for task in TASKS)


def test_heads_alone_learn_where_features_are_cut_off(
    network: MultiTaskNetwork, images: Tensor
) -> None:
    last = network.features(images)[-1]
    cut = last.detach() if isinstance(last, Tensor) else {t: x.detach() for t, x in last.items()}
    sum(moved(p) for p in network.predict((cut,), SIZE).values()).backward()
    assert learnt(network)
    assert all(name.startswith("heads.") for name in learnt(network))


def test_every_parameter_learns(network: MultiTaskNetwork, images: Tensor) -> None:
    sum(moved(p) for p in network(images).values()).backward()
    assert learnt(network) == {name for name, _ in network.named_parameters()}


@pytest.mark.parametrize("task", TASKS)
def test_a_head_learns_from_its_own_task(
    network: MultiTaskNetwork, images: Tensor, task: Task
) -> None:
    moved(network(images)[task]).backward()
    of_heads = {name for name in learnt(network) if name.startswith("heads.")}
    assert of_heads
    assert all(name.startswith(head_of(task)) for name in of_heads)
    assert any(not name.startswith("heads.") for name in learnt(network))


def test_the_first_layer_learns_from_every_task(network: MultiTaskNetwork, images: Tensor) -> None:
    first = next(iter(network.parameters()))
    predictions = network(images)
    for task in TASKS:
        (gradient,) = torch.autograd.grad(moved(predictions[task]), first, retain_graph=True)
        assert gradient.abs().sum() > 0


def test_changing_a_head_changes_its_task_alone(network: MultiTaskNetwork, images: Tensor) -> None:
    network.eval()
    features, before = copy_of(network.features(images)), network(images)
    head = cast("nn.Sequential", network.get_submodule(f"heads.{Task.DEPTH}"))
    bias = cast("nn.Conv2d", head[-1]).bias
    assert bias is not None
    with torch.no_grad():
        bias += 1
        again, after = network.features(images), network(images)
        bias -= 1
    for task in TASKS:
        assert torch.equal(of_task(features[-1], task), of_task(again[-1], task))
        assert torch.equal(before[task], after[task]) == (task is not Task.DEPTH)


@torch.no_grad()
def test_evaluation_is_repeatable_and_leaves_no_trace(
    network: MultiTaskNetwork, images: Tensor
) -> None:
    network.eval()
    state = {name: value.clone() for name, value in network.state_dict().items()}
    chance = torch.get_rng_state()
    first, second = network(images), network(images)
    assert all(torch.equal(first[task], second[task]) for task in TASKS)
    assert torch.equal(torch.get_rng_state(), chance)
    assert all(torch.equal(state[name], value) for name, value in network.state_dict().items())


@torch.no_grad()
def test_images_are_evaluated_one_by_one(network: MultiTaskNetwork, images: Tensor) -> None:
    network.eval()
    together, alone = network(images), network(images[1:])
    for task in TASKS:
        assert_close(alone[task], together[task][1:], rtol=1e-3, atol=1e-4)


def test_one_image_is_a_batch(network: MultiTaskNetwork, images: Tensor) -> None:
    # The last batch of an epoch may hold just one.
    predictions: Predictions = network(images[:1])
    sum(moved(p) for p in predictions.values()).backward()
    assert all(p.isfinite().all() for p in predictions.values())
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


@torch.no_grad()
def test_features_go_from_deep_to_shallow(
    kind: str, network: MultiTaskNetwork, images: Tensor
) -> None:
    wanted = {
        "unet": [(2, 32, 4, 8), (2, 4, *SIZE)],
        "unet-dropout": [(2, 32, 4, 8), (2, 4, *SIZE)],
        "segnet": [(2, 32, 1, 2), (2, 4, *SIZE)],
        "segnet_mtan": [(2, 32, 1, 2), (2, 4, *SIZE)],
        "deeplabv3": [(2, 512, 4, 8)],
        "mtan": [(2, 512, 4, 8)],
    }[kind]
    features = network.features(images)
    for task in TASKS:
        assert [tuple(of_task(tap, task).shape) for tap in features] == wanted


@torch.no_grad()
def test_what_gradient_methods_take(kind: str, network: MultiTaskNetwork, images: Tensor) -> None:
    features = network.features(images)
    taken = tensors(features)
    assert len(taken) == (len(TASKS) if "mtan" in kind else 1)
    assert all(x is of_task(features[-1], task) for x, task in zip(taken, TASKS, strict=False))


def test_memory_may_be_laid_out_with_channels_last(
    network: MultiTaskNetwork, images: Tensor
) -> None:
    network.eval()
    with torch.no_grad():
        before = network(images)
        network.to(memory_format=torch.channels_last)
        after = network(images.contiguous(memory_format=torch.channels_last))
    network.to(memory_format=torch.contiguous_format)
    for task in TASKS:
        assert_close(after[task], before[task], rtol=1e-3, atol=1e-4)


@torch.no_grad()
def test_bfloat16_computes_float32_predictions(network: MultiTaskNetwork, images: Tensor) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        predictions = network(images)
    assert all(p.dtype is torch.float32 for p in predictions.values())


@torch.no_grad()
def test_only_dropout_makes_training_a_game_of_chance(
    kind: str, network: MultiTaskNetwork, images: Tensor
) -> None:
    first, second = network(images), network(images)
    chancy = kind in {"unet-dropout", "deeplabv3", "mtan"}
    assert all(torch.equal(first[task], second[task]) != chancy for task in TASKS)


def test_a_single_task_network_has_the_same_shared_trunk(kind: str) -> None:
    def trunk(*tasks: Task) -> dict[str, tuple[int, ...]]:
        with torch.device("meta"):
            state = build_network(CONFIGS[kind], tasks, 5).state_dict()
        own = tuple(f".{task}." for task in Task)
        return {
            name: tuple(value.shape)
            for name, value in state.items()
            if not any(part in name for part in own)
        }

    assert trunk(Task.DEPTH) == trunk(*TASKS)


@pytest.mark.parametrize("kind", ["deeplabv3", "mtan"])
@pytest.mark.parametrize("size", [(36, 52), (33, 47), (128, 96)])
def test_a_resnet_takes_images_of_any_size(kind: str, size: tuple[int, int]) -> None:
    with torch.device("meta"):
        predictions = build_network(CONFIGS[kind], TASKS, 5)(torch.rand(2, 3, *size))
    assert all(p.shape == (2, CHANNELS[task], *size) for task, p in predictions.items())
