"""What stands at the beginning of a packed file, and what it is called by its content.

A packed file is: 8 bytes of signature, the length of the header (8 bytes, little-endian), the
SHA-256 of the header (32 bytes), the header as JSON, and the arrays, each at a whole page.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Literal

from pydantic import NonNegativeInt, PositiveInt
from pydantic.dataclasses import dataclass

from mdml_tune.config.schema import plain, validate
from mdml_tune.config.strict import STRICT
from mdml_tune.data.source import OfficialSplit
from mdml_tune.errors import DataError
from mdml_tune.tasks import Task

FORMAT = 1
"""Grows whenever the same files would be packed otherwise than before."""

PAGE = 4096

Dtype = Literal["|u1", "<i2", "<f4", "|b1"]

IMAGES = "images"

_SIGNATURE = b"mdmlpack"
_LENGTH = 8
_PREFIX = len(_SIGNATURE) + _LENGTH + hashlib.sha256().digest_size
_LONGEST = 1 << 26


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class ArrayPlace:
    """Where an array lies, behind the header."""

    dtype: Dtype
    shape: tuple[PositiveInt, ...]
    offset: NonNegativeInt
    """Bytes behind ``Header.begin``."""
    nbytes: PositiveInt
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class Header:
    format: int
    dataset: str
    split: OfficialSplit
    tasks: tuple[Task, ...]
    class_names: tuple[str, ...]
    """Of segmentation; () where it is not among the tasks."""
    inverse_depth: bool
    count: PositiveInt
    size: tuple[PositiveInt, PositiveInt]
    """Height and width."""
    source: str
    """Digest of names, sizes and times of the files that it was packed from."""
    labelled: dict[Task, float]
    """Share of the pixels that have a label."""
    unlabelled: dict[Task, tuple[NonNegativeInt, ...]]
    """Images of which no pixel has a label."""
    arrays: dict[str, ArrayPlace]


def target_of(task: Task) -> str:
    """Name of the array of the labels of ``task``."""
    return f"{task}/target"


def valid_of(task: Task) -> str:
    """Name of the array that says which pixels have a label for ``task``."""
    return f"{task}/valid"


def aligned(position: int) -> int:
    """The next position where a page begins."""
    return -(-position // PAGE) * PAGE


def to_bytes(header: Header, room: int = 0) -> bytes:
    """The beginning of a packed file, made as long as ``room``; the arrays follow at the next page."""
    content = json.dumps(plain(header)).encode().ljust(room - _PREFIX)
    digest = hashlib.sha256(content).digest()
    return _SIGNATURE + len(content).to_bytes(_LENGTH, "little") + digest + content


def read_header(file: BinaryIO, path: Path) -> tuple[Header, int]:
    """The header, and the position in the file where the arrays begin.

    Raises:
        DataError: The file is no packed file, of another format, or damaged.
    """
    prefix = file.read(_PREFIX)
    if not prefix.startswith(_SIGNATURE) or len(prefix) < _PREFIX:
        raise DataError(f"{path} is not a packed data set. Move it away, or pack it anew.")
    length = int.from_bytes(prefix[len(_SIGNATURE) :][:_LENGTH], "little")
    content = file.read(min(length, _LONGEST))
    if hashlib.sha256(content).digest() != prefix[-hashlib.sha256().digest_size :]:
        raise damaged(path, "its header does not match its checksum")
    values = json.loads(content)
    if values.get("format") != FORMAT:
        raise OtherFormatError(
            f"{path} has format {values.get('format')}, and this version reads format {FORMAT}. Pack "
            f"it anew from its source, or use the version that packed it."
        )
    header = validate(Header, values)
    if isinstance(header, list):
        raise damaged(path, str(header[0]))
    return header, aligned(_PREFIX + length)


def damaged(path: Path, reason: str) -> DataError:
    """The error for a packed file that is not what was written."""
    return DataError(
        f"{path} is damaged: {reason}. Delete it to have it packed anew from its source, or copy it "
        f"again."
    )


class OtherFormatError(DataError):
    """A packed file that another version has written."""


def content_digest(headers: Mapping[OfficialSplit, Header]) -> str:
    """SHA-256, in hexadecimal, of images and labels alone: not of their place or of class names."""
    content = [
        [
            str(split),
            len(header.class_names),
            header.inverse_depth,
            [[name, place.dtype, place.sha256] for name, place in sorted(header.arrays.items())],
            header.size,
        ]
        for split, header in sorted(headers.items())
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
