"""A packed file that is there: opened in an instant, mapped into memory, never read whole."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mdml_tune.data.pack_header import (
    IMAGES,
    ArrayPlace,
    Header,
    damaged,
    read_header,
    target_of,
    valid_of,
)
from mdml_tune.data.split import Examples
from mdml_tune.errors import UnavailableError
from mdml_tune.tasks import Task

_CHUNK = 1 << 22

Progress = Callable[[str, int, int], None]
"""Told what is done (a sentence), how far it is, and how far it goes."""


def silent(what: str, done: int, of: int) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class Pack:
    path: Path
    header: Header
    begin: int
    """Position of the first array in the file."""

    def stored(self, tasks: tuple[Task, ...]) -> Examples:
        """Everything in the file, as it lies there: bytes for class ids, and maybe for images.

        Every process that maps the file reads it from the same memory.
        """
        return Examples(
            images=self._map(IMAGES),
            targets={task: self._map(target_of(task)) for task in tasks},
            valid={task: self._map(valid_of(task)) for task in tasks},
            classes=len(self.header.class_names) if Task.SEGMENTATION in tasks else 0,
            inverse_depth=self.header.inverse_depth,
        )

    def _map(self, name: str) -> Tensor:
        place = self.header.arrays[name]
        # Copy on write: torch wants an array that it may write to, and nobody does.
        array = np.memmap(
            self.path, place.dtype, "c", offset=self.begin + place.offset, shape=place.shape
        )
        return torch.from_numpy(array)


def open_pack(path: Path) -> Pack:
    """The packed file at ``path``, after a look at its header and its size.

    Raises:
        UnavailableError: It is not there.
        DataError: It is damaged, cut short, or of another format.
    """
    try:
        with path.open("rb") as file:
            header, begin = read_header(file, path)
            size = file.seek(0, 2)
    except FileNotFoundError as error:
        raise UnavailableError(f"There is no packed file {path}.") from error
    expected = begin + max(place.offset + place.nbytes for place in header.arrays.values())
    if size != expected:
        raise damaged(path, f"it has {size:,} bytes, and must have {expected:,}")
    return Pack(path, header, begin)


def require_intact(pack: Pack, on_progress: Progress = silent) -> None:
    """Compare the whole file with its checksums.

    Raises:
        DataError: They differ.
    """
    places = pack.header.arrays
    total, done = sum(place.nbytes for place in places.values()), 0
    wrong: list[str] = []
    with pack.path.open("rb") as file:
        for name, place in places.items():
            file.seek(pack.begin + place.offset)
            digest = hashlib.sha256()
            for length in _chunks(place):
                digest.update(file.read(length))
                done += length
                on_progress(f"checking {pack.header.split}", done, total)
            if digest.hexdigest() != place.sha256:
                wrong.append(name)
    if wrong:
        raise damaged(pack.path, f"{', '.join(wrong)} differ from what was packed")


def _chunks(place: ArrayPlace) -> list[int]:
    whole, rest = divmod(place.nbytes, _CHUNK)
    return [_CHUNK] * whole + [rest] * (rest > 0)
