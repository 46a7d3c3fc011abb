"""Laws of the disagreement of two passes. Shapes: N images, C channels, H height, W width."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.testing import assert_close

from mdml_tune.losses.agreement import agreement_loss
from mdml_tune.losses.mimicry import mimicry_loss
from mdml_tune.tasks import CLASSIFICATION_LIKE, Task

N, CLASSES, H, W = 2, 5, 3, 4


def pixel(*channels: float) -> Tensor:
    return torch.tensor(channels, dtype=torch.float64).view(1, -1, 1, 1)


def prediction(task: Task) -> Tensor:
    channels = {Task.SEGMENTATION: CLASSES, Task.NORMALS: 3, Task.ALBEDO: 3}.get(task, 1)
    raw = torch.randn(N, channels, H, W, dtype=torch.float64)
    said = F.normalize(raw, dim=1) if task is Task.NORMALS else raw
    return said.requires_grad_()


@pytest.fixture
def everywhere() -> Tensor:
    return torch.ones(N, H, W, dtype=torch.bool)


# 3/4 ln(3/2) + 1/4 ln(1/2) = 0.130812 one way, 1/2 ln(2/3) + 1/2 ln(2) = 0.143841 the other.
BOTH_WAYS = (0.130812 + 0.143841) / 2

HAND_COMPUTED = [
    (Task.SEGMENTATION, pixel(0.0, 0.0), pixel(math.log(3), 0.0), BOTH_WAYS),
    (Task.EDGES, pixel(0.0), pixel(math.log(3)), BOTH_WAYS),
    (Task.EDGES, pixel(0.0), pixel(-math.log(3)), BOTH_WAYS),
    (Task.DEPTH, pixel(2.0), pixel(5.5), 3.5**2),
    (Task.NORMALS, pixel(1.0, 0.0, 0.0), pixel(0.6, 0.8, 0.0), (0.16 + 0.64) / 3),
    (Task.ALBEDO, pixel(0.1, 0.2, 0.9), pixel(0.2, 0.0, 0.3), (0.01 + 0.04 + 0.36) / 3),
]


@pytest.mark.parametrize(("task", "first", "second", "expected"), HAND_COMPUTED)
def test_hand_computed_value(task: Task, first: Tensor, second: Tensor, expected: float) -> None:
    valid = torch.ones(1, 1, 1, dtype=torch.bool)
    assert agreement_loss(task, first, second, valid).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("task", Task)
def test_equal_passes_pay_nothing(task: Task, everywhere: Tensor) -> None:
    said = prediction(task)
    loss = agreement_loss(task, said, said.detach().clone(), everywhere)
    assert loss == 0
    (gradient,) = torch.autograd.grad(loss, said)
    assert_close(gradient, torch.zeros_like(gradient))


@pytest.mark.parametrize("task", Task)
def test_neither_pass_is_the_first(task: Task, everywhere: Tensor) -> None:
    first, second = prediction(task), prediction(task)
    one, other = (
        agreement_loss(task, *pair, everywhere) for pair in ((first, second), (second, first))
    )
    assert_close(one, other)
    assert one > 0


@pytest.mark.parametrize("task", Task)
def test_both_passes_learn(task: Task, everywhere: Tensor) -> None:
    said = prediction(task), prediction(task)
    gradients = torch.autograd.grad(agreement_loss(task, *said, everywhere), said)
    assert all(gradient.abs().sum() > 0 for gradient in gradients)
    if task not in CLASSIFICATION_LIKE:
        assert_close(gradients[0], -gradients[1])


@pytest.mark.parametrize("task", sorted(CLASSIFICATION_LIKE))
def test_of_distributions_it_is_the_mean_of_both_divergences(
    task: Task, everywhere: Tensor
) -> None:
    first, second = prediction(task), prediction(task)
    both = (
        mimicry_loss(task, first, second, everywhere),
        mimicry_loss(task, second, first, everywhere),
    )
    assert_close(agreement_loss(task, first, second, everywhere), sum(both) / 2)


@pytest.mark.parametrize("task", Task)
def test_only_labelled_pixels_count(task: Task, everywhere: Tensor) -> None:
    first, second = prediction(task), prediction(task)
    valid = everywhere.clone()
    valid[0, 0] = valid[1, :, 2] = False
    nonsense = second.where(valid[:, None], math.nan)
    loss = agreement_loss(task, first, nonsense, valid)
    pixels = [x.movedim(1, -1)[valid].T[None, :, None] for x in (first, second)]
    cut_out = agreement_loss(task, *pixels, torch.ones(1, 1, int(valid.sum())).bool())
    assert_close(loss, cut_out)
    assert agreement_loss(task, first, second, torch.zeros_like(valid)) == 0


@pytest.mark.parametrize("task", sorted(CLASSIFICATION_LIKE))
def test_sure_passes_disagree_by_a_finite_amount(task: Task) -> None:
    sure = torch.tensor([300.0, -300.0])[: 2 if task is Task.SEGMENTATION else 1].view(1, -1, 1, 1)
    loss = agreement_loss(task, sure, -sure, torch.ones(1, 1, 1, dtype=torch.bool))
    # Half of twice the difference of the logits, of which each class or the edge has one.
    assert loss.item() == pytest.approx(300.0 * (2 if task is Task.SEGMENTATION else 1))
