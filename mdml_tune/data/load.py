"""The door of every data set: what a configuration names becomes examples in memory."""

import hashlib
import json
from dataclasses import fields
from pathlib import Path
from typing import assert_never

from mdml_tune.config.data import DataConfig, NyuV2Data, RoomsData
from mdml_tune.data.nyuv2 import check_nyuv2, load_nyuv2
from mdml_tune.data.nyuv2_folder import digest_files
from mdml_tune.data.rooms import RENDERER_VERSION
from mdml_tune.data.scenes import load_scenes
from mdml_tune.data.split import Examples, SplitName

_NOT_DATA = frozenset({"tasks", "augmentation"})
"""Settings that choose what to do with the data, and leave the data as they are."""

_DIGITS = 16


def load_split(config: DataConfig, split: SplitName, root: Path | None) -> Examples:
    """Load one split onto the CPU.

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
        case NyuV2Data():
            return load_nyuv2(config, split, root)
        case _:
            assert_never(config)


def check_data(config: DataConfig, root: Path | None) -> None:
    """Look for everything that would make ``load_split`` fail, by reading every file once.

    Raises:
        ConfigError: The data set does not offer one of the tasks.
        UnavailableError: The root or its folders are not there.
        DataError: A file cannot be learnt from.
    """
    match config:
        case RoomsData():
            pass  # made on the fly, with all tasks
        case NyuV2Data():
            check_nyuv2(config, root)
        case _:
            assert_never(config)


def data_digest(config: DataConfig, root: Path | None) -> str:
    """16 hexadecimal digits that change when any split would hold other images or labels.

    Tasks and augmentation do not count: studies of other tasks on the same images are comparable.
    Of files, see ``digest_files`` for how much is read.

    Raises:
        UnavailableError: The root is not there.
        DataError: Files are missing or misnamed, or cannot be read.
    """
    match config:
        case RoomsData():
            source = f"renderer {RENDERER_VERSION}"
        case NyuV2Data():
            source = digest_files(root)
        case _:
            assert_never(config)
    names = sorted(field.name for field in fields(config) if field.name not in _NOT_DATA)
    settings = {name: getattr(config, name) for name in names}
    return hashlib.sha256(json.dumps([source, settings]).encode()).hexdigest()[:_DIGITS]
