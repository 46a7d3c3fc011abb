"""Packing: the files of one official split become one file that can be mapped into memory."""

import hashlib
import os
import shutil
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from mdml_tune.data.census import Census
from mdml_tune.data.pack import Progress, open_pack, require_intact, silent
from mdml_tune.data.pack_header import (
    FORMAT,
    IMAGES,
    ArrayPlace,
    Dtype,
    Header,
    aligned,
    target_of,
    to_bytes,
    valid_of,
)
from mdml_tune.data.reading import read_all, require_multiples, size_of, wrong_size
from mdml_tune.data.source import OfficialSplit, RawExample, Source
from mdml_tune.errors import DataError, MdmlTuneError, UnavailableError
from mdml_tune.tasks import Task

_WHITE = np.float32(255)

_BYTES = 256
"""Class ids that a byte can tell apart."""

DRAFT = ".tmp"
"""How names end of files that are being written."""

_CHANNELS = {Task.DEPTH: (1,), Task.NORMALS: (3,), Task.EDGES: (1,), Task.ALBEDO: (3,)}


@dataclass(frozen=True, slots=True)
class Packing:
    """What is packed, and how that is recorded."""

    source: Source
    dataset: str
    fingerprint: str
    """Digest of names, sizes and times of the source's files."""
    on_progress: Progress = silent


class _NotBytesError(Exception):
    """An image is finer than 8 bits a channel."""


class _Digest(Protocol):
    def update(self, content: bytes, /) -> None: ...
    def hexdigest(self) -> str: ...


@dataclass(slots=True)
class _Column:
    """An array while it is written, row after row."""

    dtype: Dtype
    shape: tuple[int, ...]
    offset: int
    written: int = 0
    digest: "_Digest" = field(default_factory=hashlib.sha256)

    @property
    def nbytes(self) -> int:
        return int(np.prod(self.shape)) * np.dtype(self.dtype).itemsize

    def append(self, file: BinaryIO, begin: int, row: NDArray[np.generic]) -> None:
        content = np.ascontiguousarray(row, dtype=self.dtype).tobytes()
        file.seek(begin + self.offset + self.written)
        file.write(content)
        self.digest.update(content)
        self.written += len(content)

    def place(self) -> ArrayPlace:
        return ArrayPlace(
            dtype=self.dtype,
            shape=self.shape,
            offset=self.offset,
            nbytes=self.nbytes,
            sha256=self.digest.hexdigest(),
        )


def write_pack(path: Path, packing: Packing, split: OfficialSplit) -> list[str]:
    """Pack ``split`` of the source into the file at ``path``, and read it back.

    The file appears under its name when it is whole and on the disk, and not before.

    Returns:
        Warnings about images without labels.

    Raises:
        DataError: A file of the source cannot be learnt from; the message names it.
        UnavailableError: There is no room.
    """
    size = size_of(packing.source)
    require_multiples(packing.source, size)
    with _draft(path) as draft:
        try:
            census = _write(draft, packing, split, size, "|u1")
        except _NotBytesError:
            census = _write(draft, packing, split, size, "<f4")
        require_intact(open_pack(draft), packing.on_progress)
        draft.replace(path)
    return census.warnings()


def _write(
    draft: Path, packing: Packing, split: OfficialSplit, size: tuple[int, int], images: Dtype
) -> Census:
    source, count = packing.source, packing.source.count(split)
    columns = _columns(source, count, size, images)
    census = Census.of(source, split)

    def header() -> Header:
        return Header(
            format=FORMAT,
            dataset=packing.dataset,
            split=split,
            tasks=tuple(source.tasks),
            class_names=tuple(source.class_names),
            inverse_depth=source.inverse_depth,
            count=count,
            size=size,
            source=packing.fingerprint,
            labelled=census.shares(),
            unlabelled={task: tuple(images) for task, images in census.unlabelled.items()},
            arrays={name: column.place() for name, column in columns.items()},
        )

    room = len(to_bytes(header())) + _longest_list(count) * len(source.tasks)
    begin = aligned(room)
    _require_room(draft, begin + sum(column.nbytes for column in columns.values()))
    with draft.open("wb") as file:
        for index, found in enumerate(read_all(source, split)):
            example = _usable(source, split, index, found, size)
            for name, row in _rows(example, images).items():
                columns[name].append(file, begin, row)
            census.count(index, example)
            packing.on_progress(f"packing {split}", index + 1, count)
        if problems := census.problems():
            raise DataError(problems[0])
        file.seek(0)
        file.write(to_bytes(header(), begin))
        file.flush()
        os.fsync(file.fileno())
    return census


def _columns(
    source: Source, count: int, size: tuple[int, int], images: Dtype
) -> dict[str, _Column]:
    kinds: dict[str, tuple[Dtype, tuple[int, ...]]] = {IMAGES: (images, (3,))}
    for task in source.tasks:
        ids: Dtype = "|u1" if len(source.class_names) <= _BYTES else "<i2"
        kind: Dtype = ids if task is Task.SEGMENTATION else "<f4"
        kinds[target_of(task)] = kind, _CHANNELS.get(task, ())
        kinds[valid_of(task)] = "|b1", ()
    columns: dict[str, _Column] = {}
    offset = 0
    for name, (dtype, channels) in kinds.items():
        columns[name] = _Column(dtype, (count, *channels, *size), offset)
        offset = aligned(offset + columns[name].nbytes)
    return columns


def _rows(example: RawExample, images: Dtype) -> dict[str, NDArray[np.generic]]:
    rows: dict[str, NDArray[np.generic]] = {
        IMAGES: _as_bytes(example.image) if images == "|u1" else example.image
    }
    for task, labels in example.labels.items():
        rows[target_of(task)] = labels.target
        rows[valid_of(task)] = labels.valid
    return rows


def _as_bytes(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    """``image`` as 0 to 255, from which it can be made again bit by bit."""
    levels = np.rint(image * _WHITE).astype(np.uint8)
    if not np.array_equal(levels / _WHITE, image):
        raise _NotBytesError
    return levels


def _usable(
    source: Source,
    split: OfficialSplit,
    index: int,
    found: RawExample | MdmlTuneError,
    size: tuple[int, int],
) -> RawExample:
    if isinstance(found, MdmlTuneError):
        raise found
    problem = wrong_size(source, split, index, found, size)
    if problem is not None:
        raise DataError(problem)
    return found


def _longest_list(count: int) -> int:
    """Characters that the list of all images takes in JSON."""
    return count * (len(str(count)) + 2) + 16


def _require_room(path: Path, needed: int) -> None:
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        raise UnavailableError(
            f"{path.parent} has {free / 1e9:.1f} GB free, and the packed data need "
            f"{needed / 1e9:.1f} GB. Make room, or name another folder: data pack --out, or "
            f"MDML_CACHE."
        )


@contextmanager
def _draft(path: Path) -> Generator[Path]:
    """A name beside ``path`` that is gone afterwards, whatever happens."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}{DRAFT}")
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)
