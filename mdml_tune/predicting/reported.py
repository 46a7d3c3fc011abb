"""The reported network of an ended trial, ready to be asked."""

import torch

from mdml_tune.config.trial import TrialConfig
from mdml_tune.config.weighting import EqualWeighting
from mdml_tune.errors import UnavailableError
from mdml_tune.losses.weighting.build import build_weighting
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.training.kept import kept_network
from mdml_tune.training.peers import Peer, build_optimizer


def reported_peer(
    folder: TrialFolder, config: TrialConfig, classes: int, device: torch.device
) -> Peer:
    """Peer 0 as it ended, without its teachers and fellows; not to be trained further.

    Raises:
        UnavailableError: No whole checkpoint is left.
    """
    try:
        network = kept_network(folder, classes, device)
    except FileNotFoundError as error:
        raise UnavailableError(f"{error} Train the trial again to have one.") from error
    return Peer(
        network=network,
        optimizer=build_optimizer(config.training.optimizer, list(network.parameters())),
        weighting=build_weighting(EqualWeighting(), config.data.tasks, seed=0, device=device),
        training=config.training,
        seed=0,
    )
