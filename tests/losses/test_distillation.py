"""Laws of feature distillation. Shapes: N images, C channels, H height, W width."""

import math

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from mdml_tune.errors import ConfigError
from mdml_tune.losses.distillation import (
    Adaptors,
    block_target,
    distillation_loss,
    normalised,
    own_target,
)
from mdml_tune.tasks import Task

N, H, W = 2, 3, 4
DEPTH, NORMALS = Task.DEPTH, Task.NORMALS


def features(*channels: int, size: tuple[int, int] = (H, W)) -> list[Tensor]:
    """One tap for each number of channels."""
    return [torch.randn(N, c, *size, dtype=torch.float64) for c in channels]


def adaptors(
    student: tuple[int, ...] = (5, 3), teacher: tuple[int, ...] = (4, 6), *, scaled: bool = False
) -> Adaptors:
    return Adaptors({DEPTH: student}, {DEPTH: teacher}, scaled=scaled).double()


def test_hand_computed_value() -> None:
    # One pixel: (3, 4) becomes (0.6, 0.8); the target is (0, 1): 0.36 + 0.04.
    student = torch.tensor([3.0, 4.0]).view(1, 2, 1, 1)
    target = own_target([torch.tensor([0.0, 7.0]).view(1, 2, 1, 1)])
    assert distillation_loss([student], target).item() == pytest.approx(0.4, abs=1e-6)


def test_epsilon_is_under_the_root() -> None:
    # Of the length 1e-3: 1e-3 / sqrt(1e-6 + 1e-6).
    tiny = torch.full((1, 1, 1, 1), 1e-3)
    assert normalised(tiny).item() == pytest.approx(math.sqrt(0.5), rel=1e-5)
    assert normalised(torch.zeros(1, 3, 1, 1)).abs().sum() == 0


def test_taps_are_summed_and_averaged_where_they_are_scaled() -> None:
    student, target = features(4, 6), own_target(features(4, 6))
    each = [distillation_loss([s], [t]) for s, t in zip(student, target, strict=True)]
    assert_close(distillation_loss(student, target), each[0] + each[1])
    ones = torch.ones(2, dtype=torch.float64)
    assert_close(distillation_loss(student, target, ones), (each[0] + each[1]) / 2)


def test_scales_multiply_the_targets() -> None:
    student, target = features(4, 6), own_target(features(4, 6))
    scales = torch.tensor([0.3, 0.7], dtype=torch.float64)
    scaled = [s * t for s, t in zip(scales, target, strict=True)]
    assert_close(distillation_loss(student, target, scales), distillation_loss(student, scaled) / 2)


def test_zero_where_student_and_teacher_point_the_same_way() -> None:
    teacher = features(4, 6)
    scale = torch.rand(N, 1, H, W, dtype=torch.float64) + 10  # of each pixel, far above epsilon
    loss = distillation_loss([t * scale for t in teacher], own_target([100 * t for t in teacher]))
    assert loss.item() == pytest.approx(0, abs=1e-9)


def test_opposite_features_pay_four_per_tap() -> None:
    (teacher,) = features(5)
    loss = distillation_loss([-1e3 * teacher], own_target([1e3 * teacher]))
    assert loss.item() == pytest.approx(4, abs=1e-6)


@pytest.mark.parametrize("channels", [1, 8, 64])
def test_channels_do_not_weigh(channels: int) -> None:
    # Twice the channels, each a copy: the same directions, and the same loss.
    student, teacher = 100 * features(channels)[0], 100 * features(channels)[0]
    once = distillation_loss([student], own_target([teacher]))
    twice = distillation_loss(
        [torch.cat([student] * 2, dim=1)], own_target([torch.cat([teacher] * 2, dim=1)])
    )
    assert_close(twice, once)


def test_neither_batch_nor_image_size_counts() -> None:
    student, teacher = features(4), features(4)
    loss = distillation_loss(student, own_target(teacher))

    def tiled(x: Tensor) -> Tensor:
        return torch.cat([x, x, x]).repeat_interleave(2, dim=-1).repeat_interleave(2, dim=-2)

    again = distillation_loss([tiled(student[0])], own_target([tiled(teacher[0])]))
    assert_close(again, loss)


@pytest.mark.parametrize("scaled", [False, True])
def test_gradients_reach_student_and_adaptors_but_never_the_teacher(scaled: bool) -> None:  # noqa: FBT001
    adapt = adaptors(scaled=scaled)
    student = [s.requires_grad_() for s in features(5, 3)]
    teacher = [t.requires_grad_() for t in features(4, 6)]
    for target in (own_target(teacher), block_target([teacher, teacher])):
        adapt(DEPTH, student, target).backward()
    assert all(t.grad is None for t in teacher)
    for moved in (*student, *adapt.parameters()):
        assert moved.grad is not None
        assert moved.grad.abs().sum() > 0


def test_gradient_is_correct() -> None:
    adapt, target = adaptors(scaled=True), own_target(features(4, 6))
    student = tuple(s.requires_grad_() for s in features(5, 3))
    assert torch.autograd.gradcheck(lambda *s: adapt(DEPTH, s, target), student)


def test_one_bias_free_1x1_convolution_per_task_and_tap() -> None:
    adapt = Adaptors({DEPTH: (5, 3), NORMALS: (2,)}, {DEPTH: (4, 6), NORMALS: (7,)})
    shapes = {name: tuple(weight.shape) for name, weight in adapt.named_parameters()}
    assert shapes == {
        "convolutions.depth.0.weight": (4, 5, 1, 1),
        "convolutions.depth.1.weight": (6, 3, 1, 1),
        "convolutions.normals.0.weight": (7, 2, 1, 1),
    }


def test_weights_are_xavier_normal() -> None:
    weight = Adaptors({DEPTH: (300,)}, {DEPTH: (100,)}).get_parameter("convolutions.depth.0.weight")
    assert weight.std().item() == pytest.approx(math.sqrt(2 / 400), rel=0.02)
    assert weight.abs().max() > 3 * weight.std()  # normal, not uniform


def test_adapts_before_it_normalises() -> None:
    adapt = adaptors((5,), (4,))
    student, target = features(5), own_target(features(4))
    weight = adapt.get_parameter("convolutions.depth.0.weight")[:, :, 0, 0]
    carried = torch.einsum("oc,nchw->nohw", weight, student[0])
    assert_close(adapt(DEPTH, student, target), distillation_loss([carried], target))


def test_scales_start_between_zero_and_one_per_task_and_tap() -> None:
    scales = Adaptors({DEPTH: (1,) * 500}, {DEPTH: (1,) * 500}, scaled=True).scales["depth"]
    assert scales.shape == (500,)
    assert scales.min() >= 0
    assert scales.max() <= 1
    assert scales.mean().item() == pytest.approx(0.5, abs=0.1)


def test_the_last_taps_are_matched() -> None:
    few, many = features(3), features(9, 8, 6)
    weights = adaptors((3,), (9, 8, 6))
    last = adaptors((3,), (6,))
    last.load_state_dict(weights.state_dict())
    assert_close(weights(DEPTH, few, own_target(many)), last(DEPTH, few, own_target(many[-1:])))
    weights, last = adaptors((9, 8, 6), (3,)), adaptors((6,), (3,))
    last.load_state_dict(weights.state_dict())
    assert_close(weights(DEPTH, many, own_target(few)), last(DEPTH, many[-1:], own_target(few)))


def test_the_student_takes_the_teachers_size() -> None:
    # Each pixel stands for two by two of the teacher's.
    adapt = adaptors((5,), (4,))
    student, target = features(5), own_target(features(4, size=(2 * H, 2 * W)))
    large = [student[0].repeat_interleave(2, dim=-1).repeat_interleave(2, dim=-2)]
    assert_close(adapt(DEPTH, student, target), adapt(DEPTH, large, target))


def test_half_precision_features_are_compared_in_float32() -> None:
    adapt = Adaptors({DEPTH: (5,)}, {DEPTH: (4,)})
    student, teacher = (features(c)[0].bfloat16() for c in (5, 4))
    loss = adapt(DEPTH, [student], own_target([teacher]))
    assert loss.dtype == torch.float32
    assert_close(loss, adapt(DEPTH, [student.float()], own_target([teacher.float()])))


def test_a_blocks_target_is_the_mean_of_normalised_features() -> None:
    teachers = [features(4, 6) for _ in range(3)]
    target = block_target(teachers)
    expected = [sum(own_target(t)[tap] for t in teachers) / 3 for tap in range(2)]
    assert_close(list(target), expected)
    # Its teachers' scales do not count, and one teacher's block is that teacher.
    louder = [[1e4 * tap for tap in teachers[0]], *teachers[1:]]
    assert_close(block_target(louder), target, rtol=0, atol=1e-4)
    assert_close(block_target(teachers[:1]), own_target(teachers[0]))


def test_a_block_of_unlike_teachers_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"block_mean.*\(4, 3, 4\).*Set it to own"):
        block_target([features(4), features(6)])
