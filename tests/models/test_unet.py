"""What every network must do for the peers to learn from each other; sizes known by hand."""

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from mdml_tune.config.network import UNetConfig
from mdml_tune.models.build import build_network
from mdml_tune.models.heads import Predictions
from mdml_tune.models.unet import UNet
from mdml_tune.tasks import Task

CLASSES = 13


def network(*tasks: Task, width: int = 4) -> nn.Module:
    return build_network(UNetConfig(width=width), tasks or tuple(Task), CLASSES)


def images(number: int = 2, height: int = 16, width: int = 24) -> Tensor:
    return torch.rand(number, 3, height, width)


def trunk() -> int:
    """Parameters of a trunk of width 4: 3x3 convolutions without bias, each with a norm of 2C."""

    def block(incoming: int, outgoing: int) -> int:
        return 9 * incoming * outgoing + 2 * outgoing + 9 * outgoing**2 + 2 * outgoing

    encoder = block(3, 4) + block(4, 8) + block(8, 16) + block(16, 32)
    decoder = block(32 + 16, 16) + block(16 + 8, 8) + block(8 + 4, 4)
    return encoder + decoder


HEAD = 9 * 4 * 4 + 2 * 4  # a 3x3 convolution of its own, before the output's 4n + n


@pytest.mark.parametrize(
    ("tasks", "outputs"),
    [
        ((Task.DEPTH,), (1,)),
        ((Task.SEGMENTATION, Task.DEPTH, Task.NORMALS), (CLASSES, 1, 3)),
        (tuple(Task), (CLASSES, 1, 3, 1, 3)),
    ],
)
def test_number_of_parameters(tasks: tuple[Task, ...], outputs: tuple[int, ...]) -> None:
    assert trunk() == 30_844
    expected = trunk() + sum(HEAD + 5 * n for n in outputs)
    assert sum(p.numel() for p in network(*tasks).parameters()) == expected


@pytest.mark.parametrize(("height", "width"), [(48, 64), (16, 16), (8, 40), (24, 8)])
def test_every_multiple_of_8_is_an_image_size(height: int, width: int) -> None:
    predictions = network()(images(2, height, width))
    assert {task: tuple(p.shape) for task, p in predictions.items()} == {
        Task.SEGMENTATION: (2, CLASSES, height, width),
        Task.DEPTH: (2, 1, height, width),
        Task.NORMALS: (2, 3, height, width),
        Task.EDGES: (2, 1, height, width),
        Task.ALBEDO: (2, 3, height, width),
    }


@pytest.mark.parametrize("width", [4, 5, 6, 7, 9, 12, 24])
def test_every_width_builds_and_answers(width: int) -> None:
    predictions = network(width=width)(images())
    assert all(p.isfinite().all() for p in predictions.values())


def predictions_of_a_wild_network() -> Predictions:
    """Raw outputs far from 0 on both sides."""
    wild = network()
    with torch.no_grad():
        for head in wild.get_submodule("heads").children():
            head[-1].weight *= 30
    return wild(images())


def test_values_mean_what_the_task_says() -> None:
    predictions = predictions_of_a_wild_network()
    depth, albedo = predictions[Task.DEPTH], predictions[Task.ALBEDO]
    assert (depth > 0).all()
    assert depth.max() > 2  # not squeezed into a range
    assert (albedo >= 0).all()
    assert (albedo <= 1).all()
    length = predictions[Task.NORMALS].norm(dim=1)
    assert_close(length, torch.ones_like(length))
    for task in (Task.SEGMENTATION, Task.EDGES):  # logits
        assert predictions[task].min() < -2
        assert predictions[task].max() > 2
    assert all(p.dtype is torch.float32 for p in predictions.values())


def trunk_of(state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {k: tuple(v.shape) for k, v in state.items() if not k.startswith("heads.")}


def test_a_single_task_network_is_the_same_network_with_one_head() -> None:
    many = network(Task.SEGMENTATION, Task.DEPTH, Task.NORMALS).state_dict()
    one = network(Task.DEPTH).state_dict()
    assert trunk_of(one) == trunk_of(many)
    heads = {k: v.shape for k, v in many.items() if k.startswith(f"heads.{Task.DEPTH}.")}
    assert {k: v.shape for k, v in one.items() if k.startswith("heads.")} == heads


def test_a_forward_pass_leaves_no_trace() -> None:
    ours = network().train()
    before = {name: value.clone() for name, value in ours.state_dict().items()}
    ours(images())
    after = ours.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_asking_twice_gives_the_same_answer_in_training_and_evaluation() -> None:
    ours, seen = network(), images()
    chance = torch.get_rng_state()
    answers = [ours.train()(seen), ours.train()(seen), ours.eval()(seen)]
    assert torch.equal(torch.get_rng_state(), chance)
    for task in Task:
        assert torch.equal(answers[0][task], answers[1][task])
        assert torch.equal(answers[0][task], answers[2][task])


def test_images_of_a_batch_do_not_see_each_other() -> None:
    ours, seen = network(), images(3)
    together = ours(seen)
    for task, alone in ours(seen[1:2]).items():
        assert_close(alone, together[task][1:2], rtol=1e-4, atol=1e-5)


def test_every_parameter_learns() -> None:
    ours = network()
    sum(p.square().sum() + p.sum() for p in ours(images()).values()).backward()
    for name, parameter in ours.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize(("level", "from_below"), [(0, 32), (1, 16), (2, 8)])
def test_the_decoder_hears_both_from_below_and_from_beside(level: int, from_below: int) -> None:
    # Half as many channels come from the encoder's block of the same size.
    ours = network()
    sum(p.square().sum() + p.sum() for p in ours(images()).values()).backward()
    heard = ours.get_parameter(f"decoder.{level}.0.0.weight").grad.abs().sum(dim=(0, 2, 3))
    assert len(heard) == from_below + from_below // 2
    assert heard[:from_below].sum() > 0
    assert heard[from_below:].sum() > 0


def test_a_head_does_not_learn_from_another_task() -> None:
    ours = network(Task.DEPTH, Task.NORMALS)
    ours(images())[Task.DEPTH].sum().backward()
    learnt = {name for name, parameter in ours.named_parameters() if parameter.grad is not None}
    assert any(name.startswith(f"heads.{Task.DEPTH}.") for name in learnt)
    assert not any(name.startswith(f"heads.{Task.NORMALS}.") for name in learnt)


def test_dropout_takes_whole_channels_of_the_bottleneck_and_before_the_heads() -> None:
    torch.manual_seed(3)
    ours = build_network(UNetConfig(width=8, dropout=0.5), (Task.DEPTH, Task.EDGES), CLASSES)
    seen: dict[str, Tensor] = {}
    for name in ("decoder.0", f"heads.{Task.DEPTH}", f"heads.{Task.EDGES}"):
        ours.get_submodule(name).register_forward_pre_hook(
            lambda _, inputs, name=name: seen.__setitem__(name, inputs[0])
        )
    assert isinstance(ours, UNet)
    features = ours.features(images(1))
    ours.predict(features, (16, 24))
    bottleneck, last = features
    assert isinstance(bottleneck, Tensor)
    assert isinstance(last, Tensor)
    for clean, dropped in (
        (bottleneck, seen["decoder.0"][:, :64, ::2, ::2]),
        (last, seen["heads.depth"]),
    ):
        gone = (dropped == 0).all(dim=-1).all(dim=-1)
        assert 0 < gone.sum() < gone.numel()
        assert_close(dropped, 2 * clean * ~gone[..., None, None])  # the rest makes up for them


def test_dropout_changes_neither_the_weights_nor_evaluation() -> None:
    torch.manual_seed(3)
    plain = build_network(UNetConfig(width=4), tuple(Task), CLASSES)
    torch.manual_seed(3)
    dropping = build_network(UNetConfig(width=4, dropout=0.5), tuple(Task), CLASSES)
    assert_close(dropping.state_dict(), plain.state_dict(), rtol=0, atol=0)
    seen = images()
    one, other, evaluated = plain(seen), dropping(seen), dropping.eval()(seen)
    assert all(torch.equal(one[task], evaluated[task]) for task in Task)
    assert not any(torch.equal(one[task], other[task]) for task in Task)
