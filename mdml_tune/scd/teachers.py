"""Teachers: trained networks that are asked and never changed.

Shape suffixes: N images, C channels, H height, W width.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from mdml_tune.config.network import DeepLabV3Config, MtanConfig, NetworkConfig
from mdml_tune.config.trial import TrialConfig
from mdml_tune.errors import ConfigError
from mdml_tune.models.build import build_network
from mdml_tune.models.network import Features, MultiTaskNetwork, has_features, of_task, size_of
from mdml_tune.tasks import Task


class Taught(NamedTuple):
    """What a task's teacher says of a batch; no gradient leads back from it."""

    features: tuple[Tensor, ...] | None
    """At each tap, from deep to shallow, (N, C, H, W); none where the network does not tell."""
    prediction: Tensor
    """As ``models.heads`` says."""


@dataclass(frozen=True, slots=True)
class Teachers:
    """The single-task network of each task, as ``load_teacher`` gave it."""

    networks: Mapping[Task, nn.Module]

    def __call__(
        self, images_NCHW: Tensor, tasks: Collection[Task] | None = None
    ) -> dict[Task, Taught]:
        """What the teachers of ``tasks`` (of all where none are named) say of the images."""
        asked = self.networks if tasks is None else [t for t in self.networks if t in tasks]
        with torch.no_grad():
            return {task: _taught(self.networks[task], images_NCHW, task) for task in asked}


def load_teacher(
    config: TrialConfig, state: Mapping[str, Tensor], classes: int, device: torch.device
) -> nn.Module:
    """The trained network of ``config``: frozen, in evaluation mode, on ``device``.

    In evaluation mode batch normalisation neither looks at the batch nor learns from it, so that a
    teacher says the same of an image whatever stands beside it.

    Args:
        config: Of the trial that trained it.
        state: Its network's state, from the checkpoint.
        classes: Of segmentation.
        device: Where it will be asked.
    """
    # Building draws weights that the state then replaces: nobody's chance may depend on that.
    with torch.random.fork_rng(devices=[]):
        network = build_network(_without_weights(config.network), config.data.tasks, classes)
    network.load_state_dict(state)
    network = network.to(device).requires_grad_(requires_grad=False).eval()
    if config.training.channels_last:
        network = network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    return network


def taps_of(features: Features, task: Task) -> tuple[Tensor, ...]:
    """The features that ``task`` reads at each tap, from deep to shallow."""
    return tuple(of_task(tap, task) for tap in features)


def with_features(network: nn.Module) -> MultiTaskNetwork:
    """The network itself, once it is known to tell its features.

    Raises:
        ConfigError: It does not.
    """
    if has_features(network):
        return network
    raise ConfigError(
        "The custom network tells no features to compare or to distil. Give it the methods features "
        "and heads; or set scd.distil to outputs, and scd.queue to the blocks or scd.similarity to "
        "gradient_cosine."
    )


def tap_channels(
    network: nn.Module, tasks: Sequence[Task], size: tuple[int, int], device: torch.device
) -> dict[Task, tuple[int, ...]]:
    """Channels of each tap that ``network`` offers each task: what ``losses.Adaptors`` are built of.

    Args:
        network: Asked in evaluation mode, so that it does not change, and left in its own mode.
        tasks: Of the network.
        size: Height and width of an image.
        device: Of the network.

    Raises:
        ConfigError: The network does not tell its features.
    """
    before = network.training
    with torch.no_grad():
        features = with_features(network).eval().features(torch.zeros(1, 3, *size, device=device))
    network.train(before)
    return {task: tuple(tap.shape[1] for tap in taps_of(features, task)) for task in tasks}


def _taught(network: nn.Module, images_NCHW: Tensor, task: Task) -> Taught:
    if not has_features(network):
        return Taught(None, network(images_NCHW)[task])
    features = network.features(images_NCHW)
    prediction = network.predict(features, size_of(images_NCHW))[task]
    return Taught(taps_of(features, task), prediction)


def _without_weights(config: NetworkConfig) -> NetworkConfig:
    """The same network without the weights it started from, which need not be there any more."""
    pretrained = isinstance(config, DeepLabV3Config | MtanConfig)
    return replace(config, pretrained=None) if pretrained else config
