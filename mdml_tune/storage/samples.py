"""What networks say of a few test images, kept beside a study: nobody has to ask again.

One file that can be made anew from the trials, so that a damaged one counts as none.

Shape suffixes: N images, C channels, H height, W width.
"""

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from mdml_tune.storage.atomic import write_bytes
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tasks import Task

VERSION = 1
"""Of the stored form."""

COUNT = 3
"""Images, the first of the test split: fixed in advance, whatever the networks say of them."""

TYPES = {
    Task.SEGMENTATION: np.int16,
    Task.DEPTH: np.float32,
    Task.NORMALS: np.float16,
    Task.EDGES: np.float16,
    Task.ALBEDO: np.float16,
}
"""Of labels and predictions: precise enough to be looked at."""

_ARRAYS = ("target", "valid", "single", "ours")

Pixels = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which networks are asked, and of how many images."""

    ours: str
    """Trial key of a configuration for all tasks."""
    single: Mapping[Task, str]
    """Trial key of each task's single-task network."""
    count: int = COUNT
    """The first so many images of the test split."""

    def places(self, folder: StudyFolder) -> dict[str, TrialFolder]:
        """Folders of the networks, by trial key."""
        baselines = {key: folder.storage.baseline(key) for key in self.single.values()}
        return {self.ours: folder.trial(self.ours), **baselines}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """Labels of one task and what both networks say, shaped as in ``training.predictions``."""

    target: Pixels
    """Of the task's type in ``TYPES``, as are ``single`` and ``ours``."""
    valid: Pixels
    """(N, H, W) bool, where there is a label."""
    single: Pixels
    ours: Pixels
    single_scores: tuple[float, ...]
    """The task's primary metric on each image alone; NaN where it cannot be given."""
    ours_scores: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Samples:
    asked: Asked
    images: Pixels
    """(N, 3, H, W) uint8."""
    answers: Mapping[Task, Answers]
    classes: int
    """Of segmentation; 0 where that is no task."""
    inverse_depth: bool
    """Whether depth is disparity: large where things are near."""


@dataclass(frozen=True, slots=True)
class NotMade:
    """There are no samples."""

    reason: str
    """In one line."""


def write_samples(folder: StudyFolder, samples: Samples) -> None:
    """Replace what was kept: the same bytes for the same content."""
    header = {
        "version": VERSION,
        "asked": asdict(samples.asked),
        "classes": samples.classes,
        "inverse_depth": samples.inverse_depth,
        "scores": {
            task: [said.single_scores, said.ours_scores] for task, said in samples.answers.items()
        },
    }
    arrays = {"images": samples.images}
    for task, said in samples.answers.items():
        arrays |= {f"{task}/{name}": getattr(said, name) for name in _ARRAYS}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, header=np.array(json.dumps(header)), **arrays)  # pyright: ignore[reportArgumentType]
    write_bytes(_path(folder), buffer.getvalue())


def read_samples(folder: StudyFolder) -> Samples | None:
    """What was kept; none where nothing is, or nothing that this version reads."""
    try:
        with np.load(io.BytesIO(_path(folder).read_bytes())) as file:
            return _read(dict(file))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None


def _read(arrays: Mapping[str, Pixels]) -> Samples | None:
    header = cast("dict[str, Any]", json.loads(str(arrays["header"])))
    if header["version"] != VERSION:
        return None
    asked = Asked(**header["asked"])  # its tasks are text, to which a Task is equal
    return Samples(
        asked=asked,
        images=arrays["images"],
        answers={
            Task(name): Answers(
                **{what: arrays[f"{name}/{what}"] for what in _ARRAYS},
                single_scores=tuple(single),
                ours_scores=tuple(ours),
            )
            for name, (single, ours) in header["scores"].items()
        },
        classes=header["classes"],
        inverse_depth=header["inverse_depth"],
    )


def _path(folder: StudyFolder) -> Path:
    return folder.path / "samples.npz"
