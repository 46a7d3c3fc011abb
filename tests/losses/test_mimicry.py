"""Laws of the mimicry losses. Shapes: N images, C channels, H height, W width."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.testing import assert_close

from mdml_tune.losses.mimicry import mimicry_loss
from mdml_tune.losses.supervised import supervised_loss
from mdml_tune.tasks import CLASSIFICATION_LIKE, Task

N, CLASSES, H, W = 2, 5, 3, 4

SOFT = sorted(CLASSIFICATION_LIKE)
HARD = [task for task in Task if task not in CLASSIFICATION_LIKE]


def pixel(*channels: float) -> Tensor:
    return torch.tensor(channels, dtype=torch.float64).view(1, -1, 1, 1)


def prediction(task: Task) -> Tensor:
    """What a network might say."""
    channels = {Task.SEGMENTATION: CLASSES, Task.NORMALS: 3, Task.ALBEDO: 3}.get(task, 1)
    raw = torch.randn(N, channels, H, W, dtype=torch.float64)
    match task:
        case Task.SEGMENTATION | Task.EDGES:
            said = raw
        case Task.DEPTH:
            said = F.softplus(raw)
        case Task.NORMALS:
            said = F.normalize(raw, dim=1)
        case Task.ALBEDO:
            said = raw.sigmoid()
    return said.requires_grad_()


@pytest.fixture
def everywhere() -> Tensor:
    return torch.ones(N, H, W, dtype=torch.bool)


# 3/4 ln(3/2) + 1/4 ln(1/2); the other direction would give 0.143841.
KL_OF_3_TO_1 = 0.130812

HAND_COMPUTED = [
    (Task.SEGMENTATION, pixel(0.0, 0.0), pixel(math.log(3), 0.0), KL_OF_3_TO_1),
    (Task.EDGES, pixel(0.0), pixel(math.log(3)), KL_OF_3_TO_1),
    (Task.EDGES, pixel(0.0), pixel(-math.log(3)), KL_OF_3_TO_1),
    (Task.DEPTH, pixel(2.0), pixel(5.5), 3.5),
    (Task.NORMALS, pixel(1.0, 0.0, 0.0), pixel(0.6, 0.8, 0.0), 0.4),
    (Task.ALBEDO, pixel(0.1, 0.2, 0.9), pixel(0.2, 0.0, 0.3), 0.3),
]


@pytest.mark.parametrize(("task", "student", "peer", "expected"), HAND_COMPUTED)
def test_hand_computed_value(task: Task, student: Tensor, peer: Tensor, expected: float) -> None:
    loss = mimicry_loss(task, student, peer, torch.ones(1, 1, 1, dtype=torch.bool))
    assert loss.item() == pytest.approx(expected, abs=5e-7)


@pytest.mark.parametrize("task", Task)
def test_agreeing_peers_pay_nothing(task: Task, everywhere: Tensor) -> None:
    said = prediction(task)
    loss = mimicry_loss(task, said, said.detach().clone(), everywhere, temperature=3.0)
    assert_close(loss, torch.zeros_like(loss), rtol=0, atol=1e-12)


@pytest.mark.parametrize("task", Task)
def test_disagreeing_peers_pay(task: Task, everywhere: Tensor) -> None:
    assert mimicry_loss(task, prediction(task), prediction(task), everywhere) > 0.01


@pytest.mark.parametrize("task", Task)
def test_only_the_student_receives_gradients(task: Task, everywhere: Tensor) -> None:
    student, peer = prediction(task), prediction(task)
    mimicry_loss(task, student, peer, everywhere, temperature=2.0).backward()
    assert student.grad is not None
    assert student.grad.abs().sum() > 0
    assert peer.grad is None


@pytest.mark.parametrize("task", Task)
def test_gradient_is_correct(task: Task, everywhere: Tensor) -> None:
    peer = prediction(task)
    assert torch.autograd.gradcheck(
        lambda s: mimicry_loss(task, s, peer, everywhere, temperature=3.0), prediction(task)
    )


@pytest.mark.parametrize("task", Task)
def test_neither_batch_nor_image_size_counts(task: Task, everywhere: Tensor) -> None:
    once = (prediction(task), prediction(task), everywhere)
    loss = mimicry_loss(task, *once)
    assert_close(mimicry_loss(task, *(torch.cat([x, x, x]) for x in once)), loss)
    tiled = [x.repeat_interleave(2, dim=-1).repeat_interleave(2, dim=-2) for x in once]
    assert_close(mimicry_loss(task, *tiled), loss)


@pytest.mark.parametrize("task", Task)
def test_mean_over_all_labelled_pixels_of_the_batch(task: Task, everywhere: Tensor) -> None:
    # The images have 12 and 3 labelled pixels: not the mean of the two images' means.
    student, peer = prediction(task), prediction(task)
    valid = everywhere.clone()
    valid[1, :, 1:] = False
    first, second = (
        mimicry_loss(task, student[n : n + 1], peer[n : n + 1], valid[n : n + 1]) for n in range(N)
    )
    assert_close(mimicry_loss(task, student, peer, valid), (12 * first + 3 * second) / 15)


@pytest.mark.parametrize("task", Task)
def test_unlabelled_pixels_are_ignored(task: Task, everywhere: Tensor) -> None:
    student, peer = prediction(task), prediction(task)
    left = everywhere.clone()
    left[..., W // 2 :] = False
    loss = mimicry_loss(task, student, peer, left, temperature=2.0)
    (gradient,) = torch.autograd.grad(loss, student)
    cropped = [x[..., : W // 2] for x in (student, peer, everywhere)]
    assert_close(loss, mimicry_loss(task, *cropped, temperature=2.0))
    assert (gradient[..., W // 2 :] == 0).all()
    undefined = peer.where(left[:, None], math.nan)
    assert_close(mimicry_loss(task, student, undefined, left, temperature=2.0), loss)


@pytest.mark.parametrize("task", Task)
def test_no_labelled_pixel_is_zero_not_nan(task: Task, everywhere: Tensor) -> None:
    student = prediction(task)
    loss = mimicry_loss(task, student, prediction(task), ~everywhere)
    loss.backward()
    assert loss == 0
    assert (student.grad == 0).all()


@pytest.mark.parametrize("task", HARD)
def test_it_is_the_supervised_loss_with_the_peer_as_label(task: Task, everywhere: Tensor) -> None:
    student, peer = prediction(task), prediction(task)
    loss = mimicry_loss(task, student, peer, everywhere)
    assert_close(loss, supervised_loss(task, student, peer, everywhere))


@pytest.mark.parametrize("task", HARD)
def test_temperature_has_no_meaning_for_values(task: Task, everywhere: Tensor) -> None:
    student, peer = prediction(task), prediction(task)
    hot = mimicry_loss(task, student, peer, everywhere, temperature=4.0)
    assert_close(hot, mimicry_loss(task, student, peer, everywhere))


def test_kl_is_cross_entropy_with_soft_labels_minus_their_entropy(everywhere: Tensor) -> None:
    student, peer = prediction(Task.SEGMENTATION), prediction(Task.SEGMENTATION)
    labels = peer.softmax(dim=1)
    entropy = -(labels * labels.log()).sum(dim=1).mean()
    identity = F.cross_entropy(student, labels) - entropy
    assert_close(mimicry_loss(Task.SEGMENTATION, student, peer, everywhere), identity)


def test_binary_kl_is_cross_entropy_with_soft_labels_minus_their_entropy(
    everywhere: Tensor,
) -> None:
    student, peer = prediction(Task.EDGES), prediction(Task.EDGES)
    q = peer.sigmoid()
    entropy = F.binary_cross_entropy(q, q)
    identity = F.binary_cross_entropy_with_logits(student, q) - entropy
    assert_close(mimicry_loss(Task.EDGES, student, peer, everywhere), identity)


@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_binary_kl_is_that_of_two_classes(everywhere: Tensor, temperature: float) -> None:
    student, peer = prediction(Task.EDGES), prediction(Task.EDGES)

    def two(logit: Tensor) -> Tensor:
        return torch.cat([torch.zeros_like(logit), logit], dim=1)

    assert_close(
        mimicry_loss(Task.EDGES, student, peer, everywhere, temperature=temperature),
        mimicry_loss(
            Task.SEGMENTATION, two(student), two(peer), everywhere, temperature=temperature
        ),
    )


@pytest.mark.parametrize("temperature", [0.5, 2.0, 4.0])
@pytest.mark.parametrize("task", SOFT)
def test_temperature_divides_the_logits_and_its_square_multiplies(
    task: Task, everywhere: Tensor, temperature: float
) -> None:
    student, peer = prediction(task), prediction(task)
    softened = mimicry_loss(task, student, peer, everywhere, temperature=temperature)
    plain = mimicry_loss(task, student / temperature, peer / temperature, everywhere)
    assert_close(softened, temperature**2 * plain)


def test_heavy_softening_matches_logits(everywhere: Tensor) -> None:
    # T -> infinity: T^2 KL tends to half the variance of the logit gap (Hinton et al. 2015, eq. 4).
    student, peer = prediction(Task.SEGMENTATION), prediction(Task.SEGMENTATION)
    half_variance = 0.5 * (student - peer).var(dim=1, correction=0).mean()
    softened = mimicry_loss(Task.SEGMENTATION, student, peer, everywhere, temperature=1e3)
    assert_close(softened, half_variance, rtol=1e-2, atol=0)


def test_heavy_softening_of_two_classes_matches_logits(everywhere: Tensor) -> None:
    # Of the logits 0 and z, the variance is z^2 / 4.
    student, peer = prediction(Task.EDGES), prediction(Task.EDGES)
    softened = mimicry_loss(Task.EDGES, student, peer, everywhere, temperature=1e3)
    assert_close(softened, (student - peer).square().mean() / 8, rtol=1e-2, atol=0)


def test_a_constant_added_to_all_logits_changes_nothing(everywhere: Tensor) -> None:
    student, peer = prediction(Task.SEGMENTATION), prediction(Task.SEGMENTATION)
    loss = mimicry_loss(Task.SEGMENTATION, student, peer, everywhere, temperature=2.0)
    shifted = mimicry_loss(Task.SEGMENTATION, student + 7, peer - 11, everywhere, temperature=2.0)
    assert_close(shifted, loss)


@pytest.mark.parametrize("task", SOFT)
def test_certain_peers_stay_finite(task: Task) -> None:
    valid = torch.ones(1, 1, 1, dtype=torch.bool)
    logits = (1e4, 0.0) if task is Task.SEGMENTATION else (1e4,)
    student = pixel(*logits).float().requires_grad_()
    loss = mimicry_loss(task, student, -student, valid)
    loss.backward()
    assert loss.item() == pytest.approx(1e4)
    assert student.grad.isfinite().all()
