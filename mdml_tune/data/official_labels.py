"""From the label ids of official files to the classes that networks learn."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mdml_tune.data.arrays import Stored, to_classes
from mdml_tune.data.source import Labels
from mdml_tune.errors import DataError


def to_classes_by(table: Sequence[int], where: Path, stored: Stored, classes: int) -> Labels:
    """Class ids from label ids, (H, W).

    Args:
        table: Of each label id, from 0, its class; -1 where it has none.
        where: For messages.
        stored: The label ids.
        classes: How many classes there are.

    Raises:
        DataError: Misshapen, or some ids are no labels.
    """
    ids = stored.astype(np.int64)
    if ids.size and not 0 <= ids.min() <= ids.max() < len(table):
        raise DataError(
            f"{where} holds label ids from {ids.min()} to {ids.max()}; allowed are 0 to "
            f"{len(table) - 1}. Copy it again from its source."
        )
    return to_classes(where, np.array(table)[ids], classes)
