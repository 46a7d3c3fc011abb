"""Sections of a study file before they are checked: laid upon each other, and looked into."""

from collections.abc import Iterator, Mapping
from typing import TypeGuard, cast

from mdml_tune.spaces.domains import is_domain


def is_section(value: object) -> TypeGuard[dict[str, object]]:
    """Whether ``value`` has keys of its own, as a domain has not."""
    return isinstance(value, dict) and not is_domain(cast("object", value))


def laid_upon(base: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    """``base`` with ``over`` in front: sections merge, anything else replaces."""
    return {**base, **{key: _laid_upon(base.get(key), value) for key, value in over.items()}}


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every value that is no section, under its dotted path."""
    if not is_section(value):
        yield path, value
        return
    for key, below in value.items():
        yield from leaves(below, f"{path}.{key}" if path else key)


def has(value: object, path: str) -> bool:
    return depth_of(value, path) == len(path.split("."))


def depth_of(value: object, path: str) -> int:
    """How many segments of ``path`` there are in ``value``, from its start on."""
    found = 0
    for segment in path.split("."):
        if not isinstance(value, dict) or segment not in value:
            break
        value = cast("Mapping[str, object]", value)[segment]
        found += 1
    return found


def _laid_upon(base: object, over: object) -> object:
    return laid_upon(base, over) if is_section(base) and is_section(over) else over
