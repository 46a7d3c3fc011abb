"""The reported network of an ended trial, ready to be asked."""

from pathlib import Path
from typing import assert_never

import torch

from mdml_tune.config.data import CityscapesData, FolderData, NyuV2Data, RoomsData
from mdml_tune.config.trial import TrialConfig
from mdml_tune.config.weighting import EqualWeighting
from mdml_tune.data.find import class_count
from mdml_tune.data.load import load_split
from mdml_tune.data.rooms import CLASSES
from mdml_tune.data.split import SplitName
from mdml_tune.errors import UnavailableError
from mdml_tune.losses.weighting.build import build_weighting
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tasks import Task
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


def labels_of(config: TrialConfig, data_root: Path | None) -> tuple[int, bool]:
    """Segmentation classes (0 where that is no task), and whether depth is disparity.

    Without the data where their kind says so; a data set of the user's own must be there.
    """
    data = config.data
    match data:
        case RoomsData():
            classes, inverse = len(CLASSES), False
        case NyuV2Data() | CityscapesData():
            classes, inverse = class_count(data), isinstance(data, CityscapesData)
        case FolderData():
            split = load_split(data, SplitName.VAL, data_root)
            classes, inverse = split.classes, split.inverse_depth
        case _:
            assert_never(data)
    return classes if Task.SEGMENTATION in data.tasks else 0, inverse
