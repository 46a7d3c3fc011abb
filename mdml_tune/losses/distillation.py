"""Feature distillation: what a network pays where its features point elsewhere than a teacher's.

Of one task, after Li and Bilen 2020 (KD4MTL, arXiv:2007.06889): at each tap (the features after a
stage) the student's features pass a 1x1 convolution of their own, both sides are normalised over
channels, and squared distances are averaged. Outputs are distilled by ``losses.mimicry``, with the
teacher as the peer.

Shape suffixes: N images, C channels, H height, W width; L taps, from deep to shallow.
"""

from collections.abc import Mapping, Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mdml_tune.errors import ConfigError
from mdml_tune.tasks import Task

EPSILON = 1e-6
"""Added to the squared length of a pixel's features, so that zeros stay zeros."""


class Adaptors(nn.Module):
    """The loss of each task, with the 1x1 convolutions from a student's features to a teacher's.

    One per task and tap, without bias, Xavier-normal from torch's global generator. Each peer has
    adaptors of its own. Where the two sides have different numbers of taps, the last of both are
    matched.
    """

    def __init__(
        self,
        student: Mapping[Task, Sequence[int]],
        teacher: Mapping[Task, Sequence[int]],
        *,
        scaled: bool = False,
    ) -> None:
        """Adaptors for the tasks of ``student``.

        Args:
            student: Channels of each tap that the network offers a task, from deep to shallow.
            teacher: Channels of each tap of the task's target.
            scaled: As in OKD-MTL (Jacob et al. 2023, WACV): targets are multiplied by a learnt
                number per task and tap, from U(0, 1), and the loss is the mean over taps.
        """
        super().__init__()
        matched = {
            task: list(zip(student[task][::-1], teacher[task][::-1], strict=False))[::-1]
            for task in student
        }
        self.convolutions = nn.ModuleDict(
            {
                task: nn.ModuleList(_convolution(own, wanted) for own, wanted in taps)
                for task, taps in matched.items()
            }
        )
        self.scales = nn.ParameterDict(
            {task: nn.Parameter(torch.rand(len(taps))) for task, taps in matched.items() if scaled}
        )

    def forward(self, task: Task, student: Sequence[Tensor], target: Sequence[Tensor]) -> Tensor:
        """The loss of ``task``, a scalar; gradients reach the student and the adaptors alone.

        Args:
            task: Whose adaptors.
            student: Features that the network offers the task, from deep to shallow, each
                (N, C, H, W); resized where the target's size is another.
            target: From ``own_target`` or ``block_target``.
        """
        convolutions = [
            cast("nn.Conv2d", c) for c in cast("nn.ModuleList", self.convolutions[task])
        ]
        adapted = [
            convolution(_resized(features_NCHW, like_NCHW).to(convolution.weight.dtype))
            for convolution, features_NCHW, like_NCHW in zip(
                convolutions,
                student[-len(convolutions) :],
                target[-len(convolutions) :],
                strict=True,
            )
        ]
        return distillation_loss(adapted, target[-len(adapted) :], self._scales(task))

    def _scales(self, task: Task) -> Tensor | None:
        return cast("Tensor", self.scales[task]) if task in self.scales else None


def distillation_loss(
    adapted: Sequence[Tensor], target: Sequence[Tensor], scales_L: Tensor | None = None
) -> Tensor:
    """Squared distance of the normalised features from their target, a scalar.

    Summed over channels and averaged over images and pixels, so that at each tap it lies in [0, 4]
    however many channels there are. Summed over taps; with ``scales_L``, which multiply the targets,
    averaged over them.

    Args:
        adapted: Features of the student, each (N, C, H, W), in the shapes of ``target``.
        target: From ``own_target`` or ``block_target``.
        scales_L: Of OKD-MTL.
    """
    factors = [1.0] * len(target) if scales_L is None else list(scales_L)
    losses_L = torch.stack(
        [
            (normalised(own_NCHW) - factor * wanted_NCHW).square().sum(dim=1).mean()
            for own_NCHW, wanted_NCHW, factor in zip(adapted, target, factors, strict=True)
        ]
    )
    return losses_L.sum() if scales_L is None else losses_L.mean()


def normalised(features_NCHW: Tensor) -> Tensor:
    """The features of each pixel divided by their length; in float32 or wider."""
    features_NCHW = features_NCHW.to(torch.promote_types(features_NCHW.dtype, torch.float32))
    squares_N1HW = features_NCHW.square().sum(dim=1, keepdim=True)
    return features_NCHW / (squares_N1HW + EPSILON).sqrt()


def own_target(teacher: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """What a task is drawn to at each tap: its teacher's normalised features, detached."""
    return tuple(normalised(features_NCHW.detach()) for features_NCHW in teacher)


def block_target(teachers: Sequence[Sequence[Tensor]]) -> tuple[Tensor, ...]:
    """What every task of a block is drawn to: the mean of its teachers' normalised features.

    Not normalised again: where the teachers disagree, the target is shorter.

    Raises:
        ConfigError: The teachers' features differ in shape and so have no mean.
    """
    shapes = sorted({tuple(tuple(tap.shape[1:]) for tap in teacher) for teacher in teachers})
    if len(shapes) > 1:
        raise ConfigError(
            "scd.target: block_mean needs teachers whose features have one shape (channels, "
            f"height, width), found {' and '.join(map(str, shapes))}. Set it to own."
        )
    targets = [own_target(teacher) for teacher in teachers]
    return tuple(torch.stack(taps).mean(dim=0) for taps in zip(*targets, strict=True))


def _convolution(incoming: int, outgoing: int) -> nn.Conv2d:
    convolution = nn.Conv2d(incoming, outgoing, 1, bias=False)
    nn.init.xavier_normal_(convolution.weight)
    return convolution


def _resized(features_NCHW: Tensor, like_NCHW: Tensor) -> Tensor:
    """In the height and width of ``like_NCHW``."""
    size = like_NCHW.shape[-2:]
    if features_NCHW.shape[-2:] == size:
        return features_NCHW
    # Nearest, not bilinear: its backward pass is deterministic on a GPU too.
    return F.interpolate(features_NCHW, size=size, mode="nearest-exact")
