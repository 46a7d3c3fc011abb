"""What the reported network of an ended trial says, as pictures and arrays."""

import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from mdml_tune.cli.data_sets import progress
from mdml_tune.cli.predicting.kept import kept_trial
from mdml_tune.cli.predicting.pictures import draw_prediction, find_images, read_image
from mdml_tune.cli.predicting.reported import labels_of
from mdml_tune.config.load import load_trial
from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.load import check_data, load_split
from mdml_tune.data.split import SplitName
from mdml_tune.errors import ConfigError
from mdml_tune.predicting.reported import reported_peer
from mdml_tune.storage.atomic import write_bytes
from mdml_tune.storage.studies import Storage
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.training.predictions import Arrays, predict
from mdml_tune.trial import prepare_torch

COUNT = 8
"""Pictures of a split that are drawn unless asked otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    images: Path | None
    """A folder of images; none for a split of the data set."""
    split: SplitName
    out: Path
    count: int | None
    """Pictures to draw; none for ``COUNT`` of a split, or for all images of a folder."""
    save: Path | None
    data_root: Path | None
    threads: int


@dataclass(slots=True)
class _Shown:
    """What has been drawn and said so far."""

    out: Path
    files: list[Path] = field(default_factory=list[Path])
    arrays: Arrays = field(default_factory=Arrays)

    def draw(self, figure: Figure, name: str) -> None:
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=110)
        path = self.out / f"{name}.png"
        write_bytes(path.absolute(), buffer.getvalue())
        self.files.append(path)


def predict_with(storage: Storage, key_or_folder: str, wanted: Wanted) -> list[Path]:
    """The files that were written: pictures, then the arrays.

    Raises:
        ReportError: There is no such trial in the storage.
        UnavailableError: It has no checkpoint, or the data are not there.
        DataError: An image cannot be read, or does not suit the network.
        ConfigError: The pictures would be written among the images.
    """
    folder, record = kept_trial(storage, key_or_folder)
    config = load_trial(record.config, what=f"the trial {record.trial_key}")
    if wanted.images is None:
        shown = _of_split(folder, config, wanted)
    else:
        shown = _of_images(folder, config, wanted.images, wanted)
    if wanted.save is not None:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **shown.arrays)  # pyright: ignore[reportArgumentType]
        write_bytes(wanted.save.absolute(), buffer.getvalue())
        shown.files.append(wanted.save)
    return shown.files


def _of_split(folder: TrialFolder, config: TrialConfig, wanted: Wanted) -> _Shown:
    with progress() as bar:
        check_data(config.data, wanted.data_root, bar)
    split = load_split(config.data, wanted.split, wanted.data_root)
    device = prepare_torch(wanted.threads)
    peer = reported_peer(folder, config, split.classes, device)
    count = min(COUNT if wanted.count is None else wanted.count, len(split))
    first = split.batch(torch.arange(count))
    tasks, size = config.data.tasks, config.training.batch_size
    shown = _Shown(wanted.out)
    asked = first if wanted.save is None else split
    said = predict(peer, asked.resident(device), tasks, size) if len(asked) else {}
    for index in range(count):
        figure = draw_prediction(first, said, index, tasks, labelled=True)
        shown.draw(figure, f"{wanted.split}-{index:04d}")
    shown.arrays = {f"{wanted.split}/{name}": values for name, values in said.items()}
    return shown


def _of_images(folder: TrialFolder, config: TrialConfig, images: Path, wanted: Wanted) -> _Shown:
    if wanted.out.absolute() == images.absolute():
        raise ConfigError(
            f"--out {wanted.out}: pictures there would take the place of the images. Name another "
            f"folder."
        )
    files = find_images(images)
    classes, inverse = labels_of(config, wanted.data_root)
    device = prepare_torch(wanted.threads)
    peer = reported_peer(folder, config, classes, device)
    tasks = config.data.tasks
    shown = _Shown(wanted.out)
    for number, (name, path) in enumerate(files.items()):
        one = read_image(path, config.network, tasks, classes, inverse_depth=inverse)
        said = predict(peer, one.resident(device), tasks, 1)
        if wanted.count is None or number < wanted.count:
            shown.draw(draw_prediction(one, said, 0, tasks, labelled=False), name)
        shown.arrays |= {f"{name}/{task}/prediction": said[f"{task}/prediction"] for task in tasks}
    return shown
