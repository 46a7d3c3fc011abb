"""A network of the user's own.

A function makes it: called with the number of raw channels of each task by name, and with the
options of the configuration. The network maps images (N, 3, H, W) with values in [0, 1] to raw
channels (N, C, H', W') by the name of the task, which are enlarged and activated here.

A network may give its features by two methods, which are then called in the place of its
``forward``: ``features(images_NCHW)``, which returns taps from deep to shallow, and ``heads(tap)``,
which makes raw channels of the last tap. A tap is a tensor, or a tensor for each name of a task.
Gradient methods and the distillation of features need both.

Shape suffixes: N images, C channels, H height, W width.
"""

from collections.abc import Mapping
from inspect import ismethod
from typing import Protocol, cast

from torch import Tensor, nn

from mdml_tune.config.network import CustomConfig
from mdml_tune.errors import ConfigError
from mdml_tune.models.heads import Predictions
from mdml_tune.models.imported import imported
from mdml_tune.models.network import Features, MultiTaskNetwork, Tap, size_of, values_of
from mdml_tune.tasks import Task

Raw = Mapping[str, Tensor]
"""Raw channels by the name of the task, (N, C, H', W')."""


class GivesFeatures(Protocol):
    """The two methods of a network that gives its features."""

    def features(self, images_NCHW: Tensor) -> tuple[Tensor | Mapping[str, Tensor], ...]: ...

    def heads(self, tap: Tap) -> Raw: ...


class CustomNetwork(nn.Module):
    """Any network, its answers brought to the images' size and to the values of their tasks."""

    def __init__(self, inner: nn.Module, channels: Mapping[Task, int]) -> None:
        super().__init__()
        self.inner = inner
        self.channels = channels

    def forward(self, images_NCHW: Tensor) -> Predictions:
        return _predictions(self.inner(images_NCHW), self.channels, size_of(images_NCHW))


class CustomNetworkWithFeatures(MultiTaskNetwork):
    """A network that also gives its features."""

    def __init__(self, inner: nn.Module, channels: Mapping[Task, int]) -> None:
        super().__init__()
        self.inner = inner
        self.channels = channels

    def features(self, images_NCHW: Tensor) -> Features:
        taps = cast("GivesFeatures", self.inner).features(images_NCHW)
        return tuple(
            tap if isinstance(tap, Tensor) else {Task(name): own for name, own in tap.items()}
            for tap in taps
        )

    def predict(self, features: Features, size: tuple[int, int]) -> Predictions:
        raw = cast("GivesFeatures", self.inner).heads(features[-1])
        return _predictions(raw, self.channels, size)


def build_custom(config: CustomConfig, channels: Mapping[Task, int]) -> nn.Module:
    """The network that the user's function makes, wrapped.

    Raises:
        ConfigError: There is no such function, or what it returns is no network.
    """
    make = imported(config)
    inner = make({str(task): number for task, number in channels.items()}, **config.options)
    if not isinstance(inner, nn.Module):
        raise ConfigError(
            f"network.function: {config.function} returned a {type(inner).__name__}; it must return "
            "a torch.nn.Module"
        )
    # A layer of that name, as some networks have it, is no method.
    gives = ismethod(getattr(inner, "features", None)) and ismethod(getattr(inner, "heads", None))
    return (CustomNetworkWithFeatures if gives else CustomNetwork)(inner, channels)


def _predictions(raw: Raw, channels: Mapping[Task, int], size: tuple[int, int]) -> Predictions:
    found = {name: tuple(value.shape)[1:-2] for name, value in raw.items()}
    wanted = {str(task): (number,) for task, number in channels.items()}
    if found != wanted:
        raise ConfigError(
            "network.function: the network's answer must hold for each task a tensor of shape "
            f"(N, C, H, W), with C as in {_listed(wanted)}; found {_listed(found)}"
        )
    return {task: values_of(task, raw[task], size) for task in channels}


def _listed(channels: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name}: {' x '.join(map(str, c))}" for name, c in channels.items())
