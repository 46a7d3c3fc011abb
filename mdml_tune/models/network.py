"""What every multi-task network can do: give its features, and let its heads read them.

Shape suffixes: N images, C channels, H height, W width.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TypeGuard

import torch.nn.functional as F
from torch import Tensor, nn

from mdml_tune.models.heads import Predictions, activate
from mdml_tune.tasks import Task

Tap = Tensor | Mapping[Task, Tensor]
"""Features after a stage, (N, C, H', W'): shared by the tasks, or one tensor for each."""

Features = tuple[Tap, ...]
"""From deep to shallow: first the bottleneck, last what the heads read. One and the same in a
network without a decoder."""


class MultiTaskNetwork(nn.Module, ABC):
    """A trunk that gives features, and heads that read the last of them.

    Parameters of the trunk are shared by the tasks; those of a head belong to its task.
    """

    @abstractmethod
    def features(self, images_NCHW: Tensor) -> Features:
        """What the trunk makes of images with values in [0, 1]."""

    @abstractmethod
    def predict(self, features: Features, size: tuple[int, int]) -> Predictions:
        """What the heads make of the last of ``features``, and of nothing else.

        Args:
            features: Of ``self.features``.
            size: Height and width of the images, and of the predictions.

        Returns:
            For each task values as in ``Predictions``, in float32.
        """

    def forward(self, images_NCHW: Tensor) -> Predictions:
        """Predictions for every task, from images with values in [0, 1]."""
        return self.predict(self.features(images_NCHW), size_of(images_NCHW))


class HeadedNetwork(MultiTaskNetwork):
    """A network of ours: a module for each task turns features into its raw channels."""

    heads: nn.ModuleDict
    """By the name of the task."""

    def predict(self, features: Features, size: tuple[int, int]) -> Predictions:
        predictions: Predictions = {}
        for name, head in self.heads.items():
            task = Task(name)
            predictions[task] = values_of(task, head(of_task(features[-1], task)), size)
        return predictions


def has_features(network: nn.Module) -> TypeGuard[MultiTaskNetwork]:
    """Whether ``network`` gives its features, which a network of the user's own need not."""
    return isinstance(network, MultiTaskNetwork)


def of_task(tap: Tap, task: Task) -> Tensor:
    """The features that ``task`` reads, shared or its own."""
    return tap if isinstance(tap, Tensor) else tap[task]


def tensors(features: Features) -> list[Tensor]:
    """What the heads read: the shared representation of gradient methods.

    A single tensor, or one per task.
    """
    last = features[-1]
    return [last] if isinstance(last, Tensor) else list(last.values())


def size_of(images_NCHW: Tensor) -> tuple[int, int]:
    """Height and width."""
    height, width = images_NCHW.shape[-2:]
    return height, width


def values_of(task: Task, raw_NCHW: Tensor, size: tuple[int, int]) -> Tensor:
    """The raw channels of a head as values of its task, in float32 and at ``size``.

    Where the size differs, channels are enlarged before they are activated: bilinear with aligned
    corners, as LibMTL does (arXiv:2203.14338). Its backward pass adds up in no fixed order on a GPU.
    """
    raw_NCHW = raw_NCHW.float()
    if size_of(raw_NCHW) != size:
        raw_NCHW = F.interpolate(raw_NCHW, size=size, mode="bilinear", align_corners=True)
    return activate(task, raw_NCHW)
