"""Which parameters a gradient method moves, and how. Suffixes: T tasks, P parameters."""

import torch
from torch import nn
from torch.testing import assert_close

JACOBIAN_TP = torch.tensor([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])


def shared_gradient(weighting, jacobian_TP=JACOBIAN_TP):
    """Of three shared parameters and losses with the given gradients."""
    shared = torch.zeros(3, requires_grad=True)
    features = shared * 1
    weighting.backward(jacobian_TP @ features, [features], [])
    return shared.grad


def test_heads_follow_their_own_task(toy, built):
    network = toy()
    expected = network.plain_gradients()
    network.backward(built("mgda"))
    own = slice(2, None)  # after weight and bias of the trunk
    assert_close(network.gradients()[own], expected[own])
    assert (network.gradients()[0] - expected[0]).norm() > 1e-3


def test_the_trunk_follows_the_weights(built):
    weighting = built("mgda", tasks=2)
    assert_close(shared_gradient(weighting), torch.tensor([0.0, 2.0, 2.0]))
    shared = torch.ones(3, requires_grad=True)
    features = shared * 1
    total = weighting.backward(JACOBIAN_TP @ features, [features], [], scale=0.5)
    # Weights 1.2 and 0.8 of the losses -2 and 8.
    assert_close(total, torch.tensor(4.0))
    assert not total.requires_grad


def test_without_conflict_it_is_equal_weighting(toy, built):
    network = toy()
    expected = network.plain_gradients()
    network.backward(built("cagrad", c=0.0))
    assert_close(network.gradients(), expected)


def test_ways_round_the_features_count(toy, built):
    # A loss on the inputs of the features, a second look at the images, and an adaptor.
    network = toy()
    adaptor = nn.Linear(5, 1)
    everything = [*network.parameters(), *adaptor.parameters()]

    def losses():
        losses_T, features = network.losses()
        deep = network.trunk[0](network.inputs_NC)
        apart_T = torch.stack([deep.square().mean(), adaptor(deep).mean(), deep.new_zeros(())])
        return losses_T + apart_T + network.losses()[0], features

    expected = torch.autograd.grad(losses()[0].sum(), everything)
    built("cagrad", c=0.0).backward(*losses(), list(network.parameters()))
    assert_close([p.grad for p in everything], list(expected))


def test_frozen_and_unread_parameters_are_left_alone(toy, built):
    network = toy()
    network.trunk[0].bias.requires_grad_(requires_grad=False)
    network.register_parameter("unread", nn.Parameter(torch.ones(2)))
    network.backward(built("mgda"))
    assert network.trunk[0].bias.grad is None
    assert network.unread.grad is None


def test_gradients_have_the_layout_of_their_parameters(built):
    convolution = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
    features = convolution(torch.randn(2, 3, 5, 5))
    losses_T = torch.stack([features.square().mean(), (features - 1).square().mean()])
    expected = torch.autograd.grad(losses_T.sum(), convolution.weight, retain_graph=True)[0]
    built("cagrad", tasks=2, c=0.0).backward(losses_T, [features], [])
    assert convolution.weight.grad.stride() == convolution.weight.stride()
    assert_close(convolution.weight.grad, expected)


def test_graddrop_takes_one_sign_by_its_purity(built):
    weighting = built("graddrop", tasks=2)
    drawn = torch.stack([shared_gradient(weighting) for _ in range(200)])
    assert_close(drawn[:, 1:], torch.full((200, 2), 2.0))
    assert set(drawn[:, 0].tolist()) == {6.0, -4.0}
    # Positive with 6 in 10: four standard deviations are 0.14.
    assert abs((drawn[:, 0] > 0).float().mean() - 0.6) < 0.14


def test_pcgrad_draws_its_order(built):
    torch.manual_seed(3)
    jacobian_TP = torch.randn(4, 3)
    weighting = built("pcgrad", tasks=4)
    assert len({tuple(shared_gradient(weighting, jacobian_TP).tolist()) for _ in range(20)}) > 1


def test_nash_mtl_keeps_its_weights_for_some_steps(built):
    weighting = built("nash_mtl", tasks=2, update_every=2)
    torch.manual_seed(0)
    jacobians = torch.randn(4, 2, 3)
    found, fresh = [], []
    for jacobian_TP in jacobians:
        found.append(shared_gradient(weighting, jacobian_TP))
        fresh.append(shared_gradient(built("nash_mtl", tasks=2), jacobian_TP))
        weighting.step()
    weights = [
        torch.linalg.lstsq(jacobian_TP.T, gradient).solution
        for jacobian_TP, gradient in zip(jacobians, found, strict=True)
    ]
    assert_close([found[0], found[2]], [fresh[0], fresh[2]])
    assert_close([weights[1], weights[3]], [weights[0], weights[2]], rtol=1e-4, atol=1e-4)


def test_kept_weights_move_the_trunk_alone(toy, built):
    network = toy()
    expected = network.plain_gradients()
    weighting = built("nash_mtl", update_every=5)
    for _ in range(2):
        network.zero_grad()
        network.backward(weighting)
        weighting.step()
    assert_close(network.gradients()[2:], expected[2:])


def test_kept_weights_are_part_of_the_state(toy, built):
    network = toy()
    weighting, restored = (built("nash_mtl", update_every=5) for _ in range(2))
    network.train_with(weighting)
    restored.load_state_dict(weighting.state_dict())
    twin = network.copy()
    first, second = network.train_with(weighting), twin.train_with(restored)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
