"""What the reported network says of every image of a split, as arrays for other programs.

Shape suffixes: N images, C channels, H height, W width.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mdml_tune.data.split import Split
from mdml_tune.tasks import Task
from mdml_tune.training.evaluate import batches
from mdml_tune.training.metrics import probability
from mdml_tune.training.peers import Peer

Arrays = dict[str, NDArray[np.generic]]


def predict(peer: Peer, split: Split, tasks: Sequence[Task], batch_size: int) -> Arrays:
    """``TASK/prediction``, ``TASK/target`` and ``TASK/valid`` of every task, in data set order.

    Segmentation is (N, H, W), its values class indices; others are (N, C, H, W): depth in the
    data's unit, unit normals, albedo in [0, 1], and for edges the probability. All float32, but
    for ``valid``: (N, H, W) bool.
    """
    kept: dict[str, list[Tensor]] = {}
    peer.network.eval()
    with torch.inference_mode():
        for batch in batches(split, batch_size):
            predictions = peer(batch.images)
            for task in tasks:
                said = _as_told(task, predictions[task])
                kept.setdefault(f"{task}/prediction", []).append(said.float().cpu())
                kept.setdefault(f"{task}/target", []).append(batch.targets[task].float().cpu())
                kept.setdefault(f"{task}/valid", []).append(batch.valid[task].cpu())
    return {name: torch.cat(parts).numpy() for name, parts in kept.items()}


def _as_told(task: Task, prediction_NCHW: Tensor) -> Tensor:
    match task:
        case Task.SEGMENTATION:
            return prediction_NCHW.argmax(dim=1)
        case Task.EDGES:
            return probability(prediction_NCHW)
        case Task.DEPTH | Task.NORMALS | Task.ALBEDO:
            return prediction_NCHW
