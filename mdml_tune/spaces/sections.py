"""Sections of a study file before they are checked: laid upon each other, and looked into."""

from collections.abc import Iterator, Mapping
from typing import TypeGuard, cast

from mdml_tune.spaces.domains import is_domain
from mdml_tune.spaces.kinds import NAMED_BY, ready_for


def is_section(value: object) -> TypeGuard[dict[str, object]]:
    """Whether ``value`` has keys of its own, as a domain has not."""
    return isinstance(value, dict) and not is_domain(cast("object", value))


def laid_upon(base: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    """``base`` with ``over`` in front: sections merge, anything else replaces.

    A section that becomes one of another kind keeps of ``base`` what that has.
    """
    base = ready_for(base, over)
    return {**base, **{key: _laid_upon(base.get(key), value) for key, value in over.items()}}


def stems_from(over: Mapping[str, object], base: Mapping[str, object], path: str) -> bool:
    """Whether ``over``, laid upon ``base``, answers for what is wrong at ``path``."""
    if has(over, path) or depth_of(over, path) > depth_of(base, path):
        return True
    # What is missing is missing for the kind that its section has become.
    section = path.rpartition(".")[0]
    return not has(base, path) and any(has(over, f"{section}.{key}") for key in NAMED_BY)


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
        inside = below(value)
        if segment not in inside:
            break
        value = inside[segment]
        found += 1
    return found


def at(value: object, path: str) -> object:
    """What is there under ``path``; none where nothing is."""
    for segment in path.split("."):
        value = below(value).get(segment)
    return value


def below(value: object) -> Mapping[str, object]:
    """What ``value`` holds under segments of a path: by key, or by index of a list."""
    if isinstance(value, list | tuple):
        return {str(index): item for index, item in enumerate(cast("list[object]", value))}
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _laid_upon(base: object, over: object) -> object:
    return laid_upon(base, over) if is_section(base) and is_section(over) else over
