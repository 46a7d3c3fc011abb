"""Reading the files of a source: with every complaint about them, and ahead of who needs them."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mdml_tune.data.source import Labels, OfficialSplit, RawExample, Source
from mdml_tune.errors import DataError, MdmlTuneError
from mdml_tune.tasks import Task

_THREADS = 4
"""Decoding a picture takes longer than what is done with it."""

_MULTIPLE = 8
"""What both sides of an image must be a multiple of: the networks halve it three times."""

T = TypeVar("T")

ImageFile = tuple[Path, Callable[[], NDArray[np.float32]]]
LabelFile = tuple[Path, Callable[[], Labels]]


def read_example(image_file: ImageFile, label_files: Mapping[Task, LabelFile]) -> RawExample:
    """The image and its labels, all of one size.

    Raises:
        DataError: One line for each file that cannot be learnt from.
    """
    problems: list[str] = []
    path, read_image = image_file
    image = _attempt(read_image, problems)
    labels: dict[Task, Labels] = {}
    for task, (label_path, read) in label_files.items():
        found = _attempt(read, problems)
        if found is None:
            continue
        labels[task] = found
        if image is not None and found.valid.shape != image.shape[1:]:
            problems.append(
                f"{label_path} is {as_text(found.valid.shape)} pixels and {path} is "
                f"{as_text(image.shape[1:])}; an image and its labels must be of one size."
            )
    if problems or image is None:
        raise DataError("\n".join(problems))
    return RawExample(image, labels)


def read_all(source: Source, split: OfficialSplit) -> Iterator[RawExample | MdmlTuneError]:
    """Every image of ``split`` in order, or what is wrong with it; some are read ahead."""
    count = source.count(split)
    waiting: deque[Future[RawExample | MdmlTuneError]] = deque()
    with ThreadPoolExecutor(_THREADS) as pool:
        for index in range(count):
            waiting.append(pool.submit(_outcome, source, split, index))
            if len(waiting) > 2 * _THREADS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def size_of(source: Source) -> tuple[int, int]:
    """Height and width of the first training image, which all others share.

    Raises:
        DataError: The image cannot be read.
    """
    height, width = source.read(OfficialSplit.TRAIN, 0).image.shape[1:]
    return height, width


def require_multiples(source: Source, size: tuple[int, int]) -> None:
    """Refuse a size that the networks cannot halve.

    Raises:
        DataError: The sides are no multiples of 8.
    """
    height, width = size
    if height % _MULTIPLE or width % _MULTIPLE or not height * width:
        raise DataError(
            f"{source.name(OfficialSplit.TRAIN, 0)} is {as_text(size)} pixels; both sides must be "
            f"multiples of {_MULTIPLE}. Crop or resize images and labels, for example to "
            f"{as_text((_nearest(height), _nearest(width)))}."
        )


def wrong_size(
    source: Source, split: OfficialSplit, index: int, found: RawExample, size: tuple[int, int]
) -> str | None:
    """The complaint about an image that is not of ``size``."""
    if found.image.shape[1:] == size:
        return None
    return (
        f"{source.name(split, index)} is {as_text(found.image.shape[1:])} pixels and "
        f"{source.name(OfficialSplit.TRAIN, 0)} is {as_text(size)}; all images must be of one size."
    )


def as_text(size: tuple[int, ...]) -> str:
    """``288 x 384``: height and width."""
    return f"{size[0]} x {size[1]}"


def _attempt(read: Callable[[], T], problems: list[str]) -> T | None:
    try:
        return read()
    except DataError as error:
        problems.append(str(error))
        return None


def _outcome(source: Source, split: OfficialSplit, index: int) -> RawExample | MdmlTuneError:
    try:
        return source.read(split, index)
    except MdmlTuneError as error:
        return error


def _nearest(side: int) -> int:
    return max(side // _MULTIPLE, 1) * _MULTIPLE
