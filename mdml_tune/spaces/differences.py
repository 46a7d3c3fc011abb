"""What a study that is resumed says otherwise than when it was begun."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

SAFE = ("budget", "resources", "keep")
"""Sections that change no trial."""

MAY_GROW = ("search.trials", "confirm.top", "confirm.seeds")
"""Numbers whose growth adds trials and leaves those that there are."""


@dataclass(frozen=True, slots=True)
class Difference:
    path: str
    """Dotted, in the study file."""
    was: object
    """None also where there was nothing."""
    now: object
    safe: bool
    """Whether the study can go on: what there is stays as valid as it was."""

    def __str__(self) -> str:
        return f"{self.path}: was {self.was}, is {self.now}"


def differences(before: Mapping[str, object], now: Mapping[str, object]) -> list[Difference]:
    """Every value that differs, by path.

    Args:
        before: A study as plain values (``Study.values``), with every default written out.
        now: The study that it is to be resumed as.
    """
    then, new = dict(_leaves(before)), dict(_leaves(now))
    if before.get("confirm") is None or now.get("confirm") is None:
        # A confirmation that is added or dropped is one thing, not two numbers.
        then, new = _whole(then, before, "confirm"), _whole(new, now, "confirm")
    return [
        Difference(path, then.get(path), new.get(path), _is_safe(path, then, new))
        for path in sorted({*then, *new})
        if not _same(then.get(path), new.get(path))
    ]


def _same(one: object, other: object) -> bool:
    """Equal, and not only because Python takes true for 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _is_safe(path: str, before: Mapping[str, object], after: Mapping[str, object]) -> bool:
    was, now = before.get(path), after.get(path)
    if path.partition(".")[0] in SAFE:
        return True
    if path == "confirm":
        return was is None
    if path in MAY_GROW:
        return isinstance(was, int) and isinstance(now, int) and now > was
    return False


def _whole(
    leaves: Mapping[str, object], values: Mapping[str, object], key: str
) -> dict[str, object]:
    kept = {path: value for path, value in leaves.items() if path.partition(".")[0] != key}
    return {**kept, key: values.get(key)}


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every value that is no mapping, and every empty one, under its dotted path."""
    if isinstance(value, dict) and value:
        for key, below in cast("dict[str, object]", value).items():
            yield from _leaves(below, f"{path}.{key}" if path else key)
    else:
        yield path, value
