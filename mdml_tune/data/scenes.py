"""The built-in scenes as a data set."""

import numpy as np
import torch
from torch import Tensor

from mdml_tune.config.data import RoomsData
from mdml_tune.data.rooms import CLASSES, Scene, render
from mdml_tune.data.split import Examples, SplitName
from mdml_tune.tasks import Task


def load_scenes(config: RoomsData, split: SplitName) -> Examples:
    """Render one split; every pixel has every label."""
    scenes = [
        render(config.seed, split, index, config.image_size)
        for index in range(_count(config, split))
    ]
    images = torch.from_numpy(np.stack([scene.image for scene in scenes]))
    everywhere = torch.ones(len(scenes), *config.image_size, dtype=torch.bool)
    return Examples(
        images=images,
        targets={task: _target(scenes, task) for task in config.tasks},
        valid=dict.fromkeys(config.tasks, everywhere),
        classes=len(CLASSES) if Task.SEGMENTATION in config.tasks else 0,
    )


def _count(config: RoomsData, split: SplitName) -> int:
    match split:
        case SplitName.TRAIN:
            return config.train_size
        case SplitName.VAL:
            return config.val_size
        case SplitName.TEST:
            return config.test_size


def _target(scenes: list[Scene], task: Task) -> Tensor:
    match task:
        case Task.SEGMENTATION:
            arrays = [scene.segmentation for scene in scenes]
        case Task.DEPTH:
            arrays = [scene.depth[None] for scene in scenes]
        case Task.NORMALS:
            arrays = [scene.normals for scene in scenes]
        case Task.EDGES:
            arrays = [scene.edges[None] for scene in scenes]
        case Task.ALBEDO:
            arrays = [scene.albedo for scene in scenes]
    return torch.from_numpy(np.stack(arrays))
