"""Looking into plain values of any shape: what is not there, or is something else, is empty."""

from collections.abc import Iterator
from typing import cast

PLACEHOLDER = "CHANGE-ME"
"""Stands in shipped files where only the user knows what belongs there."""


def at(value: object, *keys: str) -> object:
    """What stands under ``keys``, one below the other; None where nothing does."""
    for key in keys:
        value = cast("dict[str, object]", value).get(key) if isinstance(value, dict) else None
    return value


def section(value: object, *keys: str) -> dict[str, object]:
    found = at(value, *keys)
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


def entries(value: object, *keys: str) -> list[object]:
    found = at(value, *keys)
    return cast("list[object]", found) if isinstance(found, list) else []


def text(value: object, *keys: str) -> str:
    found = at(value, *keys)
    return found if isinstance(found, str) else ""


def texts(value: object, *keys: str) -> list[str]:
    return [one for one in entries(value, *keys) if isinstance(one, str)]


def number(value: object, *keys: str) -> float | None:
    found = at(value, *keys)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return float(found)


def walk(value: object, where: str = "") -> Iterator[tuple[str, object]]:
    """Every value below, and the value itself, each with its dotted path."""
    yield where, value
    if isinstance(value, dict):
        for key, below in cast("dict[object, object]", value).items():
            yield from walk(below, f"{where}.{key}" if where else str(key))
    elif isinstance(value, list):
        for index, below in enumerate(cast("list[object]", value)):
            yield from walk(below, f"{where}.{index}" if where else str(index))
