"""What a network says of each task: how many channels, and what their values mean.

Shape suffixes: N images, C channels, H height, W width.
"""

import torch.nn.functional as F
from torch import Tensor

from mdml_tune.tasks import Task

Predictions = dict[Task, Tensor]
"""Segmentation and edges: logits; depth: the data's unit; normals: unit vectors; albedo: [0, 1].
Each of shape (N, C, H, W), C as in ``channels_of``."""


def channels_of(task: Task, classes: int) -> int:
    match task:
        case Task.SEGMENTATION:
            return classes
        case Task.NORMALS | Task.ALBEDO:
            return 3
        case Task.DEPTH | Task.EDGES:
            return 1


def activate(task: Task, raw_NCHW: Tensor) -> Tensor:
    """The raw channels of a head as values of its task, in float32."""
    raw_NCHW = raw_NCHW.float()
    match task:
        case Task.SEGMENTATION | Task.EDGES:
            return raw_NCHW
        case Task.DEPTH:
            return F.softplus(raw_NCHW)
        case Task.NORMALS:
            return F.normalize(raw_NCHW, dim=1, eps=1e-6)
        case Task.ALBEDO:
            return raw_NCHW.sigmoid()
