"""Changes to a batch that leave it true: the labels follow the image."""

import torch
from torch import Tensor

from mdml_tune.data.split import Examples
from mdml_tune.tasks import Task


def flip(examples: Examples, mirrored: Tensor) -> Examples:
    """Mirror left to right the examples where ``mirrored``, (B,) bool on their device, is True.

    Normals turn with the image: their x is negated where they are mirrored.
    """
    targets = {task: _flip(target, mirrored) for task, target in examples.targets.items()}
    if Task.NORMALS in targets:
        targets[Task.NORMALS] = _negate_x(targets[Task.NORMALS], mirrored)
    return Examples(
        images=_flip(examples.images, mirrored),
        targets=targets,
        valid={task: _flip(valid, mirrored) for task, valid in examples.valid.items()},
        classes=examples.classes,
    )


def _flip(pixels: Tensor, mirrored: Tensor) -> Tensor:
    choice = mirrored.view(-1, *[1] * (pixels.dim() - 1))
    return torch.where(choice, pixels.flip(-1), pixels)


def _negate_x(normals_B3HW: Tensor, mirrored: Tensor) -> Tensor:
    x_B1HW, yz_B2HW = normals_B3HW.split([1, 2], dim=1)
    turned_B1HW = torch.where(mirrored.view(-1, 1, 1, 1), -x_B1HW, x_B1HW)
    return torch.cat([turned_B1HW, yz_B2HW], dim=1)
