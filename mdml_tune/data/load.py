"""The door of every data set: what a configuration names becomes splits to learn from."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import assert_never

import torch

from mdml_tune.config.data import CityscapesData, DataConfig, FolderData, NyuV2Data, RoomsData
from mdml_tune.data.find import FileData, labels_of
from mdml_tune.data.held_out import held_out
from mdml_tune.data.pack import Pack, Progress, silent
from mdml_tune.data.pack_header import content_digest
from mdml_tune.data.packed_split import packed_split
from mdml_tune.data.packs import Packs, open_packs
from mdml_tune.data.rooms import RENDERER_VERSION
from mdml_tune.data.scenes import load_scenes
from mdml_tune.data.source import OfficialSplit
from mdml_tune.data.split import Split, SplitName
from mdml_tune.data.verified import require_verified
from mdml_tune.errors import ConfigError, DataError, UnavailableError
from mdml_tune.tasks import Task

_NOT_DATA = frozenset({"tasks", "augmentation"})
"""Settings that choose what to do with the data, and leave the data as they are."""

_DIGITS = 16

OFFERED = {
    "rooms": tuple(Task),
    "nyuv2": (Task.SEGMENTATION, Task.DEPTH, Task.NORMALS),
    "cityscapes": (Task.SEGMENTATION, Task.DEPTH),
    "folder": tuple(Task),
}
"""What a data set can offer at all."""


def load_split(config: DataConfig, split: SplitName, root: Path | None) -> Split:
    """One split, with batches on the CPU. Files are packed on first use.

    Args:
        config: Which data set, and how it is split.
        split: Which part of it.
        root: Folder of the data set's files; not looked at by data sets that have none.

    Raises:
        ConfigError: The data set does not offer one of the tasks.
        UnavailableError: The root or its folders are not there.
        DataError: A file cannot be learnt from.
    """
    match config:
        case RoomsData():
            return load_scenes(config, split)
        case NyuV2Data() | CityscapesData() | FolderData():
            packs = _open(config, root)
            pack, rows = _rows(config, split, packs)
            return packed_split(pack, config.tasks, torch.tensor(rows))
        case _:
            assert_never(config)


def check_data(config: DataConfig, root: Path | None, on_progress: Progress = silent) -> None:
    """Look for everything that would make ``load_split`` fail.

    Files are packed on first use, and packed ones are compared with their checksums once.

    Raises:
        ConfigError: The data set does not offer one of the tasks.
        UnavailableError: The root or its folders are not there.
        DataError: A file cannot be learnt from.
    """
    match config:
        case RoomsData():
            pass  # made on the fly, with all tasks
        case NyuV2Data() | CityscapesData() | FolderData():
            packs = _open(config, root, on_progress)
            for split in SplitName:
                _rows(config, split, packs)
            for pack in packs.values():
                require_verified(pack, on_progress)
        case _:
            assert_never(config)


def data_digest(config: DataConfig, root: Path | None) -> str:
    """16 hexadecimal digits that change when any split would hold other images or labels.

    Tasks and augmentation do not count: studies of other tasks on the same images are comparable.
    Nor does it count where the files lie, and whether they are packed.

    Raises:
        UnavailableError: The root is not there.
        DataError: A file cannot be learnt from.
    """
    match config:
        case RoomsData():
            source = f"renderer {RENDERER_VERSION}"
        case NyuV2Data() | CityscapesData() | FolderData():
            packs = open_packs(config, root)
            source = content_digest({split: pack.header for split, pack in packs.items()})
        case _:
            assert_never(config)
    names = sorted(field.name for field in fields(config) if field.name not in _NOT_DATA)
    settings = {name: getattr(config, name) for name in names}
    return hashlib.sha256(json.dumps([source, settings]).encode()).hexdigest()[:_DIGITS]


def offered_tasks(
    config: DataConfig, root: Path | None, on_progress: Progress = silent
) -> DataConfig:
    """``config`` with every task that there are labels for.

    Raises:
        UnavailableError: The root or its folders are not there.
        DataError: A file cannot be learnt from.
    """
    match config:
        case RoomsData():
            return replace(config, tasks=tuple(Task))
        case NyuV2Data() | CityscapesData() | FolderData():
            packs = open_packs(config, root, on_progress)
            return replace(config, tasks=packs[OfficialSplit.TRAIN].header.tasks)
        case _:
            assert_never(config)


def _rows(config: FileData, split: SplitName, packs: Packs) -> tuple[Pack, Sequence[int]]:
    """The packed file of ``split``, and which of its images are meant."""
    if split is SplitName.TEST:
        pack = packs[OfficialSplit.TEST]
        return pack, range(pack.header.count)
    if OfficialSplit.VAL in packs:
        pack = packs[OfficialSplit(split)]
        return pack, range(pack.header.count)
    pack = packs[OfficialSplit.TRAIN]
    count = pack.header.count
    if count == 1:
        raise DataError(
            f"The training split of {config.dataset} holds one image ({pack.path}); at least two "
            f"are needed to hold one out."
        )
    learnt, kept = held_out(count, config.val_fraction, config.seed)
    return pack, learnt if split is SplitName.TRAIN else kept


def _open(config: FileData, root: Path | None, on_progress: Progress = silent) -> Packs:
    """The packed files, with all the labels that ``config`` asks for."""
    never = [task for task in config.tasks if task not in OFFERED[config.dataset]]
    if never:
        raise ConfigError(
            f"data.tasks: {config.dataset} does not offer {', '.join(never)}. It offers "
            f"{', '.join(OFFERED[config.dataset])}; the data set 'rooms' offers all tasks."
        )
    packs = open_packs(config, root, on_progress)
    train = packs[OfficialSplit.TRAIN]
    missing = [task for task in config.tasks if task not in train.header.tasks]
    if missing:
        raise UnavailableError(
            f"data.tasks: there are no labels for {', '.join(missing)} ({train.path} holds "
            f"{', '.join(train.header.tasks)}). Leave the task out, or add its labels: "
            f"{', '.join(labels_of(config, task) for task in missing)}."
        )
    return packs
