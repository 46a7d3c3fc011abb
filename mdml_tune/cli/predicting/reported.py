"""What the labels of a trial's data are, found out without the data where that can be."""

from pathlib import Path
from typing import assert_never

from mdml_tune.config.data import CityscapesData, FolderData, NyuV2Data, RoomsData
from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.find import class_count
from mdml_tune.data.load import load_split
from mdml_tune.data.rooms import CLASSES
from mdml_tune.data.split import SplitName
from mdml_tune.tasks import Task


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
