"""What a network pays for missing the labels of a batch.

Shape suffixes: T tasks.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from mdml_tune.data.split import Examples
from mdml_tune.losses.supervised import supervised_loss
from mdml_tune.models.heads import Predictions
from mdml_tune.tasks import Task


def supervised_losses(own: Predictions, batch: Examples, tasks: Sequence[Task]) -> Tensor:
    """One loss per task: (T,)."""
    return torch.stack(
        [supervised_loss(t, own[t], batch.targets[t], batch.valid[t]) for t in tasks]
    )
