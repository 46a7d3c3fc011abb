"""What holds for every weighting."""

import io
from typing import get_args

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from mdml_tune.config.weighting import GradientWeighting, LossWeighting


def kinds(union) -> list[str]:
    return [get_args(member.__annotations__["kind"])[0] for member in get_args(union)]


OF_LOSSES = kinds(LossWeighting)
OF_GRADIENTS = kinds(GradientWeighting)
ALL = OF_LOSSES + OF_GRADIENTS
WITH_CHANCE = {"rlw", "graddrop", "pcgrad"}


def grown(network, weighting, epochs=5):
    """Past every warm-up, with something learnt."""
    for _ in range(epochs):
        network.train_with(weighting, steps=1)
    return weighting


def weights_of(weighting, losses):
    """The gradient of losses that are leaves themselves."""
    losses_T = torch.tensor(losses, requires_grad=True)
    weighting.backward(losses_T * 1, [], [])
    return losses_T.grad


def test_the_catalogue_is_whole():
    assert len(OF_LOSSES) == 10
    assert len(OF_GRADIENTS) == 8


@pytest.mark.parametrize("kind", ALL)
def test_a_single_task_is_weighted_by_1(kind, toy, built):
    network = toy(tasks=1)
    weighting = grown(network, built(kind, tasks=1))
    expected = network.plain_gradients()
    total = network.backward(weighting)
    assert_close(network.gradients(), expected)
    assert_close(total, network.losses()[0].detach().sum())


@pytest.mark.parametrize("kind", ALL)
def test_tasks_that_pull_alike_add_up(kind, toy, built):
    # Losses that differ by constants: their gradients are the same.
    network = toy()
    weighting = grown(network, built(kind))
    alone = torch.autograd.grad(network.losses()[0][0], list(network.trunk.parameters()))
    losses_T, features = network.losses()
    apart = torch.tensor([0.0, 0.0, 0.0] if kind == "gls" else [0.0, 0.5, 3.0])
    weighting.backward(losses_T[0] + apart, features, list(network.parameters()))
    assert_close([p.grad for p in network.trunk.parameters()], [3 * g for g in alone])


@pytest.mark.parametrize("kind", OF_LOSSES)
def test_weights_sum_to_the_number_of_tasks(kind, toy, built):
    weight_T = weights_of(grown(toy(), built(kind)), [0.3, 1.5, 4.0])
    if kind == "gls":
        assert_close(weight_T.prod(), torch.tensor(1.0))
        assert weight_T.sum() > 3
    else:
        assert_close(weight_T.sum(), torch.tensor(3.0))
    assert (weight_T > 0).all()


@pytest.mark.parametrize("kind", OF_LOSSES)
def test_the_total_is_weights_times_losses(kind, toy, built):
    network = toy()
    weighting = grown(network, built(kind))
    losses = [0.3, 1.5, 4.0]
    weight_T = weights_of(weighting, losses)
    total = weighting.backward(torch.tensor(losses, requires_grad=True), [], [], scale=0.1)
    assert_close(total, weight_T @ torch.tensor(losses))
    assert not total.requires_grad


@pytest.mark.parametrize("kind", ALL)
def test_a_gradient_is_added_to_what_is_there(kind, toy, built):
    network = toy()
    weighting = grown(network, built(kind))
    state = weighting.state_dict()
    network.backward(weighting)
    expected = [gradient + 1 for gradient in network.gradients()]
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    again = built(kind)
    again.load_state_dict(state)
    network.backward(again)
    assert_close(network.gradients(), expected)


@pytest.mark.parametrize("kind", ALL)
def test_linear_in_scale(kind, toy, built):
    network, scale = toy(), 1e-3
    whole, part = built(kind), built(kind)
    first = network.backward(whole)
    expected = [scale * gradient for gradient in network.gradients()]
    network.zero_grad()
    second = network.backward(part, scale=scale)
    assert_close(network.gradients(), expected, rtol=1e-4, atol=1e-7)
    assert_close(first, second)


@pytest.mark.parametrize("kind", OF_LOSSES)
def test_a_batch_in_parts_teaches_what_a_whole_one_does(kind, toy, built):
    network = toy()
    other = network.copy()
    whole, parts = built(kind), built(kind)
    for scales in ((0.25, 0.75), (1.0,)):
        network.backward(whole)
        for scale in scales:
            other.backward(parts, scale=scale)
        for weighting, one in ((whole, network), (parts, other)):
            weighting.step()
            weighting.after_step(lambda one=one: 0.9 * one.losses_now())
        assert_close(other.gradients(), network.gradients())
    assert_close(weights_of(parts, [0.3, 1.5, 4.0]), weights_of(whole, [0.3, 1.5, 4.0]))


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("epochs", [1, 5])
def test_goes_on_from_its_state_bit_for_bit(kind, epochs, toy, built):
    network = toy()
    weighting = grown(network, built(kind), epochs)
    buffer = io.BytesIO()
    torch.save(weighting.state_dict(), buffer)
    buffer.seek(0)
    twin, restored = network.copy(), built(kind, seed=1)
    restored.load_state_dict(torch.load(buffer, weights_only=True))
    for _ in range(2):
        first, second = network.train_with(weighting), twin.train_with(restored)
        assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("kind", ["rlw", "graddrop", "pcgrad"])
def test_chance_comes_from_the_seed(kind, toy, built):
    network = toy(tasks=5)
    runs = [network.copy().train_with(built(kind, tasks=5, seed=s), 4) for s in (0, 0, 1)]
    assert all(torch.equal(a, b) for a, b in zip(runs[0], runs[1], strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(runs[0], runs[2], strict=True))


@pytest.mark.parametrize("kind", ALL)
def test_the_chance_of_others_is_left_alone(kind, toy, built):
    network = toy()
    before = torch.get_rng_state()
    grown(network, built(kind))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind not in WITH_CHANCE])
def test_the_order_of_the_tasks_does_not_matter(kind, toy, built):
    network = toy()
    order = [2, 0, 1]
    turned = network.copy()
    turned.heads = nn.ModuleList(turned.heads[i] for i in order)
    turned.targets = [turned.targets[i] for i in order]
    weighting, other = grown(network, built(kind)), grown(turned, built(kind))
    network.backward(weighting)
    turned.backward(other)
    near = {"rtol": 1e-3, "atol": 1e-5}
    pairs = zip(network.trunk.parameters(), turned.trunk.parameters(), strict=True)
    assert_close(*zip(*[(a.grad, b.grad) for a, b in pairs], strict=True), **near)
    for i, head in zip(order, turned.heads, strict=True):
        assert_close(head.weight.grad, network.heads[i].weight.grad, **near)


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("unlabelled", [(1,), (0, 1, 2)])
def test_a_batch_without_labels_does_no_harm(kind, unlabelled, toy, built):
    network = toy()
    weighting = built(kind)
    labelled_T = torch.tensor([t not in unlabelled for t in range(3)]).float()
    for _ in range(5):
        losses_T, features = network.losses()
        total = weighting.backward(labelled_T * losses_T, features, list(network.parameters()))
        assert total.isfinite()
        assert all(gradient.isfinite().all() for gradient in network.gradients())
        weighting.step()
        weighting.after_step(lambda: labelled_T * network.losses()[0].detach())
        weighting.end_epoch(labelled_T * losses_T.detach())
    assert weights_of(weighting, [0.3, 1.5, 4.0]).isfinite().all()


@pytest.mark.parametrize("kind", sorted({*ALL} - {"uncertainty", "rlw", "gradnorm"}))
def test_a_task_without_labels_is_as_good_as_none(kind, toy, built):
    # Not so where the weights are not those of the batch.
    network = toy()
    pair = network.copy()
    del pair.heads[1], pair.targets[1]
    losses_T, features = network.losses()
    labelled_T = torch.tensor([1.0, 0.0, 1.0])
    built(kind).backward(labelled_T * losses_T, features, list(network.parameters()))
    pair.backward(built(kind, tasks=2))
    assert network.heads[1].weight.grad.norm() == 0
    del network.heads[1]
    assert_close(network.gradients(), pair.gradients())


@pytest.mark.parametrize("kind", ALL)
def test_batch_normalisation_works(kind, toy, built):
    network = toy(trunk=nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.ReLU(inplace=True)))
    before = network.losses()[0].sum()
    grown(network, built(kind))
    assert network.losses()[0].sum() < before
