"""Paths in a study file: made absolute, because workers have other working directories."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

PATHS = ("pretrained",)
"""Keys whose value is a path, or a word that is none."""

WORDS = ("imagenet",)


def absolute_paths(values: Mapping[str, object]) -> dict[str, object]:
    """``values`` with every path made absolute, from the working directory."""
    return {key: _absolute(value, below=key in PATHS) for key, value in values.items()}


def _absolute(value: object, *, below: bool) -> object:
    if isinstance(value, dict):
        items = cast("dict[str, object]", value).items()
        return {
            key: _absolute(item, below=below or key.rpartition(".")[2] in PATHS)
            for key, item in items
        }
    if isinstance(value, list):
        return [_absolute(item, below=below) for item in cast("list[object]", value)]
    if below and isinstance(value, str) and value not in WORDS:
        return str(Path(value).expanduser().absolute())
    return value
