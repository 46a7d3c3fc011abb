"""The peers of a trial: networks that start from different weights, and what trains each."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np
import torch
from torch import Tensor, nn

from mdml_tune.config.network import NetworkConfig
from mdml_tune.config.training import OptimizerConfig, TrainingConfig
from mdml_tune.config.trial import TrialConfig
from mdml_tune.errors import ConfigError
from mdml_tune.losses.weighting.base import Weighting
from mdml_tune.losses.weighting.build import build_weighting, uses_gradients
from mdml_tune.models.build import build_network
from mdml_tune.models.heads import Predictions
from mdml_tune.models.network import Features, has_features
from mdml_tune.tasks import Task
from mdml_tune.training.precision import computing

ORDER_STREAM = 1_000_000
"""Stream of random numbers for order and augmentation, apart from those of the peers."""

MOST_LOOKS = 16
"""Passes of one network in one step that may differ by dropout."""


class Seen(NamedTuple):
    """What a network made of a batch."""

    predictions: Predictions
    features: Features | None
    """None of a network that does not show them."""


@dataclass(frozen=True, slots=True)
class Peer:
    network: nn.Module
    optimizer: torch.optim.Optimizer
    weighting: Weighting
    training: TrainingConfig
    seed: int
    """Of its dropout."""

    def __call__(self, images_NCHW: Tensor) -> Predictions:
        return self.look(images_NCHW).predictions

    def look(self, images_NCHW: Tensor) -> Seen:
        """Predictions in float32, and the features they were made from."""
        if self.training.channels_last:
            images_NCHW = images_NCHW.contiguous(memory_format=torch.channels_last)
        with computing(self.training.precision, images_NCHW.device):
            if not has_features(self.network):
                return Seen(cast("Predictions", self.network(images_NCHW)), None)
            features = self.network.features(images_NCHW)
            height, width = images_NCHW.shape[-2:]
            return Seen(self.network.predict(features, (height, width)), features)

    def look_in_training(self, images_NCHW: Tensor, step: int, number: int = 0) -> Seen:
        """The same, with dropout that depends on (peer, step, number of the look) alone.

        So no state of a random number generator has to be kept, a resumed trial drops what an
        uninterrupted one does, and a peer drops the same whatever the others do.
        """
        torch.manual_seed(self.seed + MOST_LOOKS * step + number)
        return self.look(images_NCHW)

    def parameters(self) -> list[nn.Parameter]:
        return list(self.network.parameters())

    def update(self) -> None:
        """Step, after a gradient has been gathered; forgets the gradient."""
        if self.training.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.training.clip_norm)
        self.optimizer.step()
        self.weighting.step()
        self.optimizer.zero_grad(set_to_none=True)

    def state(self) -> dict[str, object]:
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "weighting": self.weighting.state_dict(),
        }

    def restore(self, state: dict[str, object]) -> None:
        self.network.load_state_dict(cast("dict[str, Tensor]", state["network"]))
        self.optimizer.load_state_dict(cast("dict[str, object]", state["optimizer"]))
        self.weighting.load_state_dict(cast("dict[str, object]", state["weighting"]))


def build_peers(
    config: TrialConfig, *, seed: int, classes: int, device: torch.device
) -> list[Peer]:
    """All peers of a trial; peer 0 is the reported one.

    Peer ``k`` starts from weights that depend on (seed, k) and its kind alone: peer 0 starts as the
    single network of the same seed does, so that comparisons can be paired by seed.
    """
    return [
        build_peer(network, config, derived_seed(seed, k), classes, device)
        for k, network in enumerate(config.networks)
    ]


def build_peer(
    network: NetworkConfig, config: TrialConfig, seed: int, classes: int, device: torch.device
) -> Peer:
    """One network with fresh weights from ``seed``, with its optimiser and weighting."""
    tasks, training = config.data.tasks, config.training
    module = build_seeded(network, tasks, seed, classes).to(device)
    if training.channels_last:
        module = module.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    if uses_gradients(config.weighting) and not has_features(module):
        raise ConfigError(
            f"weighting {config.weighting.kind} looks at the features that the tasks share, and a "
            f"network of your own without the methods `features` and `heads` does not show them. "
            f"Give it these methods, or take another weighting."
        )
    if training.compile:
        _compile(module)
    return Peer(
        network=module,
        optimizer=build_optimizer(training.optimizer, list(module.parameters())),
        weighting=build_weighting(config.weighting, tasks, seed=seed, device=device),
        training=training,
        seed=seed >> 1,
    )


def build_seeded(
    network: NetworkConfig, tasks: Sequence[Task], seed: int, classes: int
) -> nn.Module:
    """A network whose fresh weights depend on ``seed`` alone."""
    with _seeded(seed):
        return build_network(network, tasks, classes)


def derived_seed(seed: int, stream: int) -> int:
    """A seed of its own for each stream of random numbers of a trial."""
    return int(np.random.SeedSequence([seed, stream]).generate_state(1, np.uint64)[0] >> 1)


def build_optimizer(
    config: OptimizerConfig, parameters: Sequence[nn.Parameter]
) -> torch.optim.Optimizer:
    rate, decay = config.learning_rate, config.weight_decay
    match config.kind:
        case "adam":
            return torch.optim.Adam(parameters, lr=rate, weight_decay=decay, fused=True)
        case "adamw":
            return torch.optim.AdamW(parameters, lr=rate, weight_decay=decay, fused=True)
        case "sgd":
            return torch.optim.SGD(
                parameters, lr=rate, weight_decay=decay, momentum=0.9, nesterov=True, fused=True
            )


def _compile(network: nn.Module) -> None:
    """In place, and whatever ``Peer.look`` calls of it: names in its state stay as they are."""
    if has_features(network):
        network.features = torch.compile(network.features)  # pyright: ignore[reportAttributeAccessIssue]
        network.predict = torch.compile(network.predict)  # pyright: ignore[reportAttributeAccessIssue]
    else:
        network.compile()


@contextmanager
def untracked(peers: Sequence[Peer]) -> Generator[None]:
    """Look without leaving a trace: no gradient, and batch statistics are not remembered.

    A network with batch normalisation that is asked once more in training mode would otherwise
    count the batch twice in its running statistics.
    """
    norms = [
        module
        for peer in peers
        for module in peer.network.modules()
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d | nn.SyncBatchNorm)
    ]
    kept = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
        norm.num_batches_tracked = (
            None if norm.num_batches_tracked is None else norm.num_batches_tracked.clone()
        )
    try:
        with torch.no_grad():
            yield
    finally:
        for norm, (momentum, count) in zip(norms, kept, strict=True):
            norm.momentum, norm.num_batches_tracked = momentum, count


@contextmanager
def _seeded(seed: int) -> Generator[None]:
    """Torch's global generator as if freshly seeded, and afterwards as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
