"""Values worked out by hand, weighting by weighting. Suffix: T tasks."""

import math

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from mdml_tune.losses.weighting.gradnorm import gradient_norms


def weights_of(weighting, *losses: float) -> Tensor:
    losses_T = torch.tensor(losses, requires_grad=True)
    weighting.backward(losses_T * 1, [], [])
    return losses_T.grad


def taught(weighting, *epochs: tuple[float, ...]):
    for means in epochs:
        weighting.end_epoch(torch.tensor(means))
    return weighting


def test_equal_is_the_sum(toy, built):
    network = toy()
    expected = network.plain_gradients()
    total = network.backward(built("equal"))
    assert_close(network.gradients(), expected)
    assert_close(total, network.losses_now().sum())


def test_si(built):
    # 1 and 1/4, times 2 / (5/4).
    assert_close(weights_of(built("si"), 1.0, 4.0), torch.tensor([1.6, 0.4]))


def test_gls_is_the_gradient_of_t_geometric_means(built):
    losses_T = torch.tensor([1.0, 4.0, 0.5], requires_grad=True)
    (expected,) = torch.autograd.grad(3 * losses_T.prod() ** (1 / 3), losses_T)
    assert_close(weights_of(built("gls"), 1.0, 4.0, 0.5), expected)
    assert_close(weights_of(built("gls"), 1.0, 4.0), torch.tensor([2.0, 0.5]))


def test_uncertainty_settles_where_the_log_variances_are_the_log_losses(built):
    weighting = built("uncertainty", tasks=2)
    assert_close(weights_of(weighting, 0.5, 2.0), torch.ones(2))
    for _ in range(300):
        weighting.backward(torch.tensor([0.5, 2.0], requires_grad=True), [], [])
        weighting.step()
    settled = weighting.state_dict()["log_variance"]
    assert_close(settled, torch.tensor([0.5, 2.0]).log(), rtol=0, atol=1e-2)
    # In proportion 1 / L, which is as 2 to 1/2.
    assert_close(weights_of(weighting, 0.5, 2.0), torch.tensor([1.6, 0.4]), rtol=0, atol=1e-2)


def test_dwa(built):
    weighting = built("dwa", tasks=2, temperature=2.0)
    for means in ((9.0, 9.0), (1.0, 2.0)):
        assert_close(weights_of(weighting, 1.0, 2.0), torch.ones(2))
        taught(weighting, means)
    taught(weighting, (0.5, 2.0))
    # Ratios 1/2 and 1: the softmax of 1/4 and 1/2.
    share = 1 / (1 + math.exp(0.25))
    assert_close(weights_of(weighting, 1.0, 2.0), torch.tensor([2 * share, 2 - 2 * share]))


def test_rlw_draws_once_a_step_around_1(built):
    weighting, drawn = built("rlw"), []
    for _ in range(400):
        weight_T = weights_of(weighting, 1.0, 2.0, 3.0)
        assert torch.equal(weights_of(weighting, 5.0, 1.0, 1.0), weight_T)
        drawn.append(weight_T)
        weighting.step()
    assert_close(torch.stack(drawn).mean(dim=0), torch.ones(3), rtol=0, atol=0.1)
    assert torch.stack(drawn).unique(dim=0).shape == (400, 3)
    # log w is normal but for a constant: the log of a ratio has the variance 2.
    ratio = torch.stack([weight_T[0] / weight_T[1] for weight_T in drawn])
    assert ratio.log().var().item() == pytest.approx(2, abs=0.4)


def test_dtp(built):
    weighting = built("dtp", tasks=2, gamma=2.0, smoothing=0.75)
    assert_close(weights_of(weighting, 1.0, 2.0), torch.ones(2))

    def focal(indicators):
        raw = [-((1 - k) ** 2) * math.log(k) for k in indicators]
        return torch.tensor([2 * value / sum(raw) for value in raw])

    taught(weighting, (-math.log(0.9), -math.log(0.5)))
    assert_close(weights_of(weighting, 1.0, 2.0), focal([0.9, 0.5]))
    taught(weighting, (-math.log(0.5), -math.log(0.5)))
    assert_close(weights_of(weighting, 1.0, 2.0), focal([0.8, 0.5]))


def test_dtp_of_hopeless_and_solved_tasks(built):
    weighting = taught(built("dtp", tasks=2), (1e4, 0.0))
    assert_close(weights_of(weighting, 1.0, 1.0), torch.tensor([2.0, 0.0]))


def test_stch(built):
    weighting = built("stch", tasks=2, mu=0.5, warmup_epochs=2)
    taught(weighting, (7.0, 7.0))
    assert_close(weights_of(weighting, 1.0, 4.0), torch.tensor([1.6, 0.4]))
    taught(weighting, (1.0, 2.0), (5.0, 5.0))
    # Shares of the reference 1 and 1/2, to the power of 2 as 1 to 1/4; over the losses 4 to 1.
    assert_close(weights_of(weighting, 1.0, 1.0), torch.tensor([1.6, 0.4]))
    losses_T = torch.tensor([1.3, 0.7], requires_grad=True)
    objective = 0.5 * torch.logsumexp((losses_T / torch.tensor([1.0, 2.0])).log() / 0.5, dim=0)
    (published,) = torch.autograd.grad(objective, losses_T)
    assert_close(weights_of(weighting, 1.3, 0.7), 2 * published / published.sum())


def test_famo_on_the_losses_1_and_2(built):
    # z is (1/2, 1/2): c = 1 / (1/2 + 1/4), and c z / L is (2/3, 1/3).
    weights = weights_of(built("famo", tasks=2), 1.0, 2.0)
    assert_close(weights, torch.tensor([4 / 3, 2 / 3]))


def test_famo_leaves_its_logits_where_all_losses_fall_alike(built):
    weighting = built("famo", gamma=0.0)
    before = weights_of(weighting, 1.0, 2.0, 3.5)
    for _ in range(20):
        weighting.after_step(lambda: torch.tensor([1.0, 2.0, 3.5]) / 8)
    assert_close(weights_of(weighting, 1.0, 2.0, 3.5), before, rtol=1e-6, atol=0)


def test_famo_weighs_what_falls_slowly(built):
    weighting = built("famo", tasks=2, learning_rate=0.1, gamma=0.0)
    weights_of(weighting, 1.0, 1.0)
    weighting.after_step(lambda: torch.tensor([0.5, 0.9]))
    # The first step of Adam is of the learning rate, whatever the gradient.
    expected = torch.tensor([-0.1, 0.1], dtype=torch.float64)
    assert_close(weighting.state_dict()["logit"], expected, rtol=1e-5, atol=0)


def test_famo_forgets_by_gamma(built):
    strong, weak = (built("famo", tasks=2, gamma=gamma) for gamma in (1.0, 0.0))
    for weighting in (strong, weak):
        for _ in range(100):
            weights_of(weighting, 1.0, 1.0)
            weighting.after_step(lambda: torch.tensor([0.5, 0.9]))
    logits = [weighting.state_dict()["logit"].norm() for weighting in (strong, weak)]
    assert logits[0] < logits[1] / 2


def shared_features() -> Tensor:
    return torch.tensor([[2.0, 1.0], [0.5, 1.0]], requires_grad=True) * 1


def test_gradient_norms():
    features = shared_features()
    losses_T = torch.stack([3 * features[0, 0] + 4 * features[1, 1], features.new_tensor(1.0)])
    assert_close(gradient_norms(losses_T, [features]), torch.tensor([5.0, 0.0]))
    # Of two features together, one of them read by a single task.
    other = torch.ones(2, requires_grad=True) * 1
    losses_T = torch.stack([3 * features[0, 0] + 4 * other[0], 2 * features[0, 1]])
    assert_close(gradient_norms(losses_T, [features, other]), torch.tensor([5.0, 2.0]))


def gradnorm_step(weighting, *norms: float) -> Tensor:
    """The weights after a step on losses with gradients of ``norms``, and values twice as high."""
    features = shared_features()
    losses_T = torch.stack([norm * features[0, 0] for norm in norms])
    weighting.backward(losses_T, [features], [])
    weighting.step()
    return weighting.state_dict()["weight"].clone()


def test_gradnorm_evens_out_norms(built):
    weighting = built("gradnorm", tasks=2, alpha=0.0, learning_rate=0.1)
    # Both are pulled to 2, at first by the learning rate of Adam.
    assert_close(gradnorm_step(weighting, 3.0, 1.0), torch.tensor([0.9, 1.1]))
    for _ in range(100):
        moved = gradnorm_step(weighting, 3.0, 1.0)
    assert_close(moved, torch.tensor([0.5, 1.5]), rtol=0, atol=0.1)


def test_gradnorm_pulls_slow_tasks_forward(built):
    weighting = built("gradnorm", tasks=2, alpha=1.0, learning_rate=0.1)
    weighting.observe(torch.tensor([4.0, 1.0]), [], 0.0)  # the first losses
    # Now 2 and 2: shares 1/2 and 2 of the first, relative ones 0.4 and 1.6. Norms 1 and 1.
    moved = gradnorm_step(weighting, 1.0, 1.0)
    assert_close(moved, torch.tensor([0.9, 1.1]))


def test_gradnorm_takes_the_first_loss_that_says_something(built):
    weighting = built("gradnorm", tasks=2, alpha=1.0, learning_rate=0.1)
    weighting.observe(torch.tensor([2.0, 0.0]), [], 0.0)
    weighting.observe(torch.tensor([1.0, 2.0]), [], 0.0)
    assert_close(weighting.state_dict()["first"], torch.tensor([2.0, 2.0]))


def test_gradnorm_never_turns_against_a_task(built):
    weighting = built("gradnorm", tasks=2, learning_rate=5.0)
    for _ in range(5):
        moved = gradnorm_step(weighting, 3.0, 1.0)
        assert (moved >= 0).all()
        assert_close(moved.sum(), torch.tensor(2.0))
