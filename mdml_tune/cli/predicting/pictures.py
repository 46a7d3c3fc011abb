"""A picture of one image: its labels, if there are any, and below them what a network says.

Shape suffixes: N images, C channels, H height, W width.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import Tensor

from mdml_tune.config.network import NetworkConfig, SegNetConfig, SegNetMtanConfig
from mdml_tune.config.sense import SEGNET_MULTIPLE
from mdml_tune.data.arrays import to_image
from mdml_tune.data.files import read_picture
from mdml_tune.data.show import draw_samples
from mdml_tune.data.split import Examples
from mdml_tune.errors import DataError, UnavailableError
from mdml_tune.tasks import Task
from mdml_tune.training.predictions import Arrays

SUFFIXES = (".png", ".jpg", ".jpeg")
MULTIPLE = 8
"""What networks need of both sides: they halve the image three times."""

_CHANNELS = {Task.DEPTH: 1, Task.NORMALS: 3, Task.EDGES: 1, Task.ALBEDO: 3}


def find_images(folder: Path) -> dict[str, Path]:
    """The images in a folder by a name of their own, in alphabetical order.

    Raises:
        UnavailableError: There are none.
    """
    files = sorted(path for path in folder.glob("*") if path.suffix.lower() in SUFFIXES)
    if not files:
        raise UnavailableError(
            f"--images {folder}: no file there ends in {', '.join(SUFFIXES)}. Name a folder of "
            f"images."
        )
    stems = [path.stem for path in files]
    return {
        path.stem if stems.count(path.stem) == 1 else f"{path.stem}-{path.suffix[1:]}": path
        for path in files
    }


def read_image(
    path: Path, network: NetworkConfig, tasks: Sequence[Task], classes: int, *, inverse_depth: bool
) -> Examples:
    """One image without labels, as it is.

    Raises:
        DataError: It cannot be read, or its size does not suit the network.
    """
    image_CHW = torch.from_numpy(to_image(path, read_picture(path, colours=True)))
    height, width = image_CHW.shape[-2:]
    multiple = SEGNET_MULTIPLE if isinstance(network, SegNetConfig | SegNetMtanConfig) else MULTIPLE
    if height % multiple or width % multiple:
        fitting = f"{_fitting(height, multiple)} x {_fitting(width, multiple)}"
        raise DataError(
            f"{path} is {height} x {width} pixels, and a {network.kind} needs multiples of "
            f"{multiple}. Images are not resized for you, for that changes what is predicted: crop "
            f"or resize it, for example to {fitting}."
        )
    nowhere = torch.zeros(1, height, width, dtype=torch.bool)
    return Examples(
        images=image_CHW[None],
        targets={task: _no_label(task, height, width) for task in tasks},
        valid=dict.fromkeys(tasks, nowhere),
        classes=classes,
        inverse_depth=inverse_depth,
    )


def draw_prediction(
    examples: Examples, said: Arrays, index: int, tasks: Sequence[Task], *, labelled: bool
) -> Figure:
    """One row of labels, if there are any, and one of predictions; depths share a colour scale.

    Args:
        examples: Images with their labels.
        said: ``TASK/prediction`` of each task, for at least the first ``index + 1`` of them.
        index: Of the image.
        tasks: To draw, a column each.
        labelled: Whether the labels are ones.
    """
    one = examples.batch(torch.tensor([index])).to("cpu")
    predicted = {task: _as_target(task, said, index) for task in tasks}
    everywhere = torch.ones(1, *one.size, dtype=torch.bool)
    rows = ["label", "prediction"] if labelled else ["prediction"]
    both = Examples(
        images=one.images.repeat(len(rows), 1, 1, 1),
        targets={
            task: torch.cat([one.targets[task], predicted[task]]) if labelled else predicted[task]
            for task in tasks
        },
        valid={
            task: torch.cat([one.valid[task], everywhere]) if labelled else everywhere
            for task in tasks
        },
        classes=one.classes,
        inverse_depth=one.inverse_depth,
    )
    figure = draw_samples(both, tasks, len(rows))
    for row, name in enumerate(rows):
        figure.axes[row * (1 + len(tasks))].set_ylabel(name, fontsize=10)
    return figure


def _as_target(task: Task, said: Arrays, index: int) -> Tensor:
    prediction = torch.from_numpy(said[f"{task}/prediction"][index : index + 1])
    return prediction.long() if task is Task.SEGMENTATION else prediction


def _no_label(task: Task, height: int, width: int) -> Tensor:
    if task is Task.SEGMENTATION:
        return torch.zeros(1, height, width, dtype=torch.int64)
    return torch.zeros(1, _CHANNELS[task], height, width)


def _fitting(side: int, multiple: int) -> int:
    return max(side // multiple, 1) * multiple
