"""Laws of the supervised losses. Shapes: N images, C channels, H height, W width."""

import math

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from mdml_tune.losses.supervised import supervised_loss
from mdml_tune.tasks import Task

N, CLASSES, H, W = 3, 4, 2, 5


def pixel(*channels: float) -> Tensor:
    return torch.tensor(channels, dtype=torch.float64).view(1, -1, 1, 1)


EVERYWHERE = torch.ones(1, 1, 1, dtype=torch.bool)

HAND_COMPUTED = [
    # Class 1 has probability 3/4, so the loss is ln(4/3); class 0 costs ln 4.
    (Task.SEGMENTATION, pixel(0.0, math.log(3)), torch.ones(1, 1, 1).long(), math.log(4 / 3)),
    (Task.SEGMENTATION, pixel(0.0, math.log(3)), torch.zeros(1, 1, 1).long(), math.log(4)),
    (Task.DEPTH, pixel(2.0), pixel(5.5), 3.5),
    (Task.NORMALS, pixel(1.0, 0.0, 0.0), pixel(0.6, 0.8, 0.0), 0.4),
    (Task.NORMALS, pixel(0.0, 0.0, 1.0), pixel(0.0, 0.0, -1.0), 2.0),
    (Task.EDGES, pixel(math.log(3)), pixel(1.0), math.log(4 / 3)),
    (Task.EDGES, pixel(math.log(3)), pixel(0.0), math.log(4)),
    # Mean over the colours, not their sum.
    (Task.ALBEDO, pixel(0.1, 0.2, 0.9), pixel(0.2, 0.0, 0.3), 0.3),
]


@pytest.mark.parametrize(("task", "prediction", "target", "expected"), HAND_COMPUTED)
def test_hand_computed_value(
    task: Task, prediction: Tensor, target: Tensor, expected: float
) -> None:
    loss = supervised_loss(task, prediction, target, EVERYWHERE)
    assert loss.item() == pytest.approx(expected, rel=1e-12)


Case = tuple[Tensor, Tensor, Tensor]


def case(task: Task) -> Case:
    """Prediction, target and labelled pixels, of which the images have 10, 5 and 1."""
    valid = torch.ones(N, H, W, dtype=torch.bool)
    valid[1, 1] = False
    valid[2].view(-1)[1:] = False
    channels = {Task.SEGMENTATION: CLASSES, Task.NORMALS: 3, Task.ALBEDO: 3}.get(task, 1)
    prediction = torch.randn(N, channels, H, W, dtype=torch.float64)
    target = torch.randn(N, channels, H, W, dtype=torch.float64)
    if task is Task.SEGMENTATION:
        target = torch.randint(CLASSES, (N, H, W))
    if task is Task.EDGES:
        target = (target > 0).double()
    if task is Task.NORMALS:
        prediction = torch.nn.functional.normalize(prediction, dim=1)
        target = torch.nn.functional.normalize(target, dim=1)
    return prediction.requires_grad_(), target, valid


def of_pixel(task: Task, prediction: list[float], target: list[float]) -> float:
    """The loss of one pixel, written down a second time without torch."""
    pairs = list(zip(prediction, target, strict=False))
    match task:
        case Task.SEGMENTATION:
            total = sum(math.exp(logit) for logit in prediction)
            return -math.log(math.exp(prediction[int(target[0])]) / total)
        case Task.DEPTH | Task.ALBEDO:
            return sum(abs(p - t) for p, t in pairs) / len(pairs)
        case Task.NORMALS:
            return 1 - sum(p * t for p, t in pairs)
        case Task.EDGES:
            probability = 1 / (1 + math.exp(-prediction[0]))
            return -math.log(probability if target[0] else 1 - probability)


@pytest.mark.parametrize("task", Task)
def test_mean_over_all_labelled_pixels_of_the_batch(task: Task) -> None:
    # An image with few labels weighs as little as it has labels.
    prediction, target, valid = case(task)
    target_NCHW = target[:, None] if task is Task.SEGMENTATION else target
    losses = [
        of_pixel(task, prediction[n, :, y, x].tolist(), target_NCHW[n, :, y, x].tolist())
        for n, y, x in valid.nonzero().tolist()
    ]
    assert len(losses) == 16
    loss = supervised_loss(task, prediction, target, valid)
    assert loss.item() == pytest.approx(sum(losses) / 16, rel=1e-12)


@pytest.mark.parametrize("task", Task)
def test_neither_batch_nor_image_size_counts(task: Task) -> None:
    once = case(task)
    loss = supervised_loss(task, *once)
    twice = [torch.cat([x, x]) for x in once]
    assert_close(supervised_loss(task, *twice), loss)
    tiled = [x.repeat_interleave(2, dim=-1).repeat_interleave(3, dim=-2) for x in once]
    assert_close(supervised_loss(task, *tiled), loss)


@pytest.mark.parametrize("task", Task)
def test_what_stands_under_an_unlabelled_pixel_does_not_matter(task: Task) -> None:
    prediction, target, valid = case(task)
    loss = supervised_loss(task, prediction, target, valid)
    (gradient,) = torch.autograd.grad(loss, prediction)

    where = valid if task is Task.SEGMENTATION else valid[:, None]
    nonsense = 255 if task is Task.SEGMENTATION else math.nan  # the usual 'no class', and no value
    other = prediction.detach().where(valid[:, None], 7.0).requires_grad_()
    loss_of_other = supervised_loss(task, other, target.where(where, nonsense), valid)
    (gradient_of_other,) = torch.autograd.grad(loss_of_other, other)

    assert_close(loss_of_other, loss, rtol=0, atol=0)
    assert_close(gradient_of_other, gradient, rtol=0, atol=0)
    assert (gradient.where(valid[:, None], 0) == gradient).all()


@pytest.mark.parametrize("task", Task)
def test_no_labelled_pixel_costs_nothing(task: Task) -> None:
    prediction, target, valid = case(task)
    loss = supervised_loss(task, prediction, target, torch.zeros_like(valid))
    loss.backward()
    assert loss.item() == 0
    assert (prediction.grad == 0).all()


@pytest.mark.parametrize("task", Task)
def test_gradient_is_correct(task: Task) -> None:
    prediction, target, valid = case(task)
    assert torch.autograd.gradcheck(lambda p: supervised_loss(task, p, target, valid), prediction)


def test_certain_and_wrong_stays_finite() -> None:
    # Far beyond where exp overflows in float32.
    for task, logits in ((Task.SEGMENTATION, pixel(0.0, 1e4)), (Task.EDGES, pixel(1e4))):
        target = torch.zeros(1, 1, 1).long() if task is Task.SEGMENTATION else pixel(0.0).float()
        loss = supervised_loss(task, logits.float(), target, EVERYWHERE)
        assert loss.item() == pytest.approx(1e4)
