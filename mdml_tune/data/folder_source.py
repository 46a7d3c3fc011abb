"""A data set of one's own: the files that its `dataset.yaml` names."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from mdml_tune.data.arrays import Stored, to_albedo, to_classes, to_depth, to_edges, to_image
from mdml_tune.data.arrays import to_normals as to_plain_normals
from mdml_tune.data.description import FILE, ID, LIST, SPLIT, Description, read_description
from mdml_tune.data.files import read_array, read_picture
from mdml_tune.data.reading import read_example
from mdml_tune.data.source import Labels, OfficialSplit, RawExample
from mdml_tune.errors import DataError, UnavailableError
from mdml_tune.tasks import Task

_SHORTEST = 0.1
"""Middle grey cannot be told from a zero vector: 127 / 255 is half a step off the middle."""


@dataclass(frozen=True, slots=True)
class FolderSource:
    """See ``Source``."""

    root: Path
    description: Description
    ids: Mapping[OfficialSplit, tuple[str, ...]]

    @property
    def tasks(self) -> tuple[Task, ...]:
        return self.description.tasks.offered()

    @property
    def class_names(self) -> tuple[str, ...]:
        segmentation = self.description.tasks.segmentation
        return () if segmentation is None else segmentation.classes

    @property
    def inverse_depth(self) -> bool:
        depth = self.description.tasks.depth
        return depth is not None and depth.inverse

    def count(self, split: OfficialSplit) -> int:
        return len(self.ids.get(split, ()))

    def read(self, split: OfficialSplit, index: int) -> RawExample:
        path = self._path(self.description.images, split, index)
        files = {task: self._path(self._pattern(task), split, index) for task in self.tasks}
        return read_example(
            (path, lambda: to_image(path, _read(path, colours=True))),
            {task: (label, partial(self._labels, task, label)) for task, label in files.items()},
        )

    def name(self, split: OfficialSplit, index: int) -> str:
        return str(self._path(self.description.images, split, index))

    def files(self) -> Iterator[Path]:
        yield self.root / FILE
        for split, ids in self.ids.items():
            value = _split_value(self.description, split)
            if value is not None and value.endswith(LIST):
                yield self.root / value
            for index in range(len(ids)):
                for pattern in (self.description.images, *map(self._pattern, self.tasks)):
                    yield self._path(pattern, split, index)

    def _pattern(self, task: Task) -> str:
        return getattr(self.description.tasks, task).files

    def _path(self, pattern: str, split: OfficialSplit, index: int) -> Path:
        folder = _folder(self.description, split)
        return self.root / pattern.replace(SPLIT, folder).replace(ID, self.ids[split][index])

    def _labels(self, task: Task, path: Path) -> Labels:
        tasks = self.description.tasks
        stored = _read(path, colours=task in (Task.NORMALS, Task.ALBEDO))
        match task:
            case Task.SEGMENTATION if tasks.segmentation is not None:
                about = tasks.segmentation
                return to_classes(
                    path, stored, len(about.classes), ignore=about.ignore, first=about.first_id
                )
            case Task.DEPTH if tasks.depth is not None:
                return to_depth(path, stored, scale=tasks.depth.scale, invalid=tasks.depth.invalid)
            case Task.NORMALS:
                return _to_normals(path, stored)
            case Task.EDGES if tasks.edges is not None:
                return to_edges(path, stored, ignore=tasks.edges.ignore)
            case Task.ALBEDO:
                return to_albedo(path, stored)
            case _:
                raise AssertionError(f"{task} is not described")


def open_folder(root: Path) -> FolderSource:
    """The data set in ``root``, which holds a `dataset.yaml`.

    Raises:
        ConfigError: The description cannot be used.
        UnavailableError: A split has no images.
        DataError: A list names an image twice, or two splits share images.
    """
    description = read_description(root / FILE)
    ids: dict[OfficialSplit, tuple[str, ...]] = {}
    for split in OfficialSplit:
        value = _split_value(description, split)
        if value is not None:
            ids[split] = (
                _listed(root / value)
                if value.endswith(LIST)
                else _found(root, description.images.replace(SPLIT, value))
            )
    if SPLIT not in description.images:
        _require_disjoint(root, ids)
    return FolderSource(root, description, ids)


def _split_value(description: Description, split: OfficialSplit) -> str | None:
    return getattr(description.splits, split)


def _folder(description: Description, split: OfficialSplit) -> str:
    """What `{split}` stands for; beside lists of ids, the split's own name."""
    value = _split_value(description, split) or ""
    return str(split) if value.endswith(LIST) else value


def _listed(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UnavailableError(
            f"{path} cannot be read: {error.strerror}. {FILE} names it as a list of ids."
        ) from error
    ids = tuple(line.strip() for line in lines if line.strip())
    twice = {name for name in ids if ids.count(name) > 1} if len(set(ids)) < len(ids) else None
    if twice:
        raise DataError(f"{path} names {min(twice)} twice. Keep one.")
    if not ids:
        raise UnavailableError(f"{path} names no image. Write one id a line.")
    return ids


def _found(root: Path, pattern: str) -> tuple[str, ...]:
    """The ids of the files that ``pattern`` fits, in the order of their names."""
    head, *rest = (re.escape(part) for part in pattern.split(ID))
    fits = re.compile(head + "([^/.][^/]*)" + r"\1".join(rest))
    paths = (path.relative_to(root).as_posix() for path in root.glob(pattern.replace(ID, "*")))
    ids = sorted(found[1] for path in paths if (found := fits.fullmatch(path)))
    if not ids:
        raise UnavailableError(
            f"There is no file {root / pattern}. Correct `images` or `splits` in {root / FILE}, or "
            f"name another folder with --data-root."
        )
    return tuple(ids)


def _require_disjoint(root: Path, ids: Mapping[OfficialSplit, tuple[str, ...]]) -> None:
    seen: dict[str, OfficialSplit] = {}
    for split, names in ids.items():
        for name in names:
            if name in seen:
                raise DataError(
                    f"{root / FILE}: image {name} is in {seen[name]} and in {split}; what is "
                    f"learnt from cannot be judged by. Take it out of one list."
                )
            seen[name] = split


def _read(path: Path, *, colours: bool) -> Stored:
    if path.suffix.lower() == ".npy":
        return read_array(path)
    return read_picture(path, colours=colours)


def _to_normals(path: Path, stored: Stored) -> Labels:
    if path.suffix.lower() == ".npy":
        return to_plain_normals(path, stored)
    colour_CHW = to_image(path, stored)
    coded_CHW = np.where((colour_CHW == 0).all(axis=0), 0, colour_CHW * 2 - 1)
    return to_plain_normals(path, coded_CHW.transpose(1, 2, 0), shortest=_SHORTEST)
