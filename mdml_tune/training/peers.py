"""The peers of a trial: networks of one kind that start from different weights."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from mdml_tune.config.training import OptimizerConfig
from mdml_tune.config.trial import TrialConfig
from mdml_tune.models.build import build_network
from mdml_tune.models.heads import Predictions

ORDER_STREAM = 1_000_000
"""Stream of random numbers for order and augmentation, apart from those of the peers."""


@dataclass(frozen=True, slots=True)
class Peer:
    network: nn.Module
    optimizer: torch.optim.Optimizer

    def __call__(self, images_NCHW: Tensor) -> Predictions:
        # Both CPU and GPU convolve faster with the channels innermost.
        return self.network(images_NCHW.contiguous(memory_format=torch.channels_last))


def build_peers(
    config: TrialConfig, *, seed: int, classes: int, device: torch.device
) -> list[Peer]:
    """All peers of a trial; peer 0 is the reported one.

    Peer ``k`` starts from weights that depend on (seed, k) alone: peer 0 starts as the single
    network of the same seed does, so that comparisons can be paired by seed.
    """
    return [
        _build_peer(config, derived_seed(seed, k), classes, device) for k in range(config.peers)
    ]


def derived_seed(seed: int, stream: int) -> int:
    """A seed of its own for each stream of random numbers of a trial."""
    return int(np.random.SeedSequence([seed, stream]).generate_state(1, np.uint64)[0] >> 1)


def _build_peer(config: TrialConfig, seed: int, classes: int, device: torch.device) -> Peer:
    with _seeded(seed):
        network = build_network(config.network, config.data.tasks, classes)
    network = network.to(device).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    return Peer(network, _optimizer(config.training.optimizer, list(network.parameters())))


def _optimizer(
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


@contextmanager
def _seeded(seed: int) -> Generator[None]:
    """Torch's global generator as if freshly seeded, and afterwards as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
