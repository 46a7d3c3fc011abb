"""Sections of which there are several kinds, each with keys of its own."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import cast

from pydantic import TypeAdapter

from mdml_tune.config.trial import TrialConfig
from mdml_tune.spaces.plan import SearchPlan

NAMED_BY = ("kind", "dataset")
"""The keys that say which kind a section is of."""


def of_kind(section: Mapping[str, object], key: str, kind: object) -> dict[str, object]:
    """The section as one of another kind, without what only its present kind has."""
    keys = _keys()
    before, after = (keys.get(str(name), frozenset()) for name in (section.get(key), kind))
    lost = before - after if after else frozenset[str]()
    return {name: value for name, value in section.items() if name not in lost} | {key: kind}


def ready_for(base: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    """``base`` before ``over`` is laid upon it, which may make it a section of another kind."""
    for key in NAMED_BY:
        kind = over.get(key)
        if key in base and isinstance(kind, str):
            return of_kind(base, key, kind)
    return dict(base)


@cache
def _keys() -> Mapping[str, frozenset[str]]:
    """Name of a kind -> every key that a section of this kind can have."""
    found: dict[str, frozenset[str]] = {}
    for root in (TrialConfig, SearchPlan):
        schema = TypeAdapter(root).json_schema()
        for section in cast("dict[str, dict[str, object]]", schema["$defs"]).values():
            keys = cast("dict[str, dict[str, object]]", section.get("properties", {}))
            for kind in _kinds(keys):
                found[kind] = found.get(kind, frozenset()) | frozenset(keys)
    return found


def _kinds(keys: Mapping[str, Mapping[str, object]]) -> Iterator[str]:
    for name in (name for name in NAMED_BY if name in keys):
        options = keys[name].get("enum", [keys[name].get("const")])
        yield from (str(option) for option in cast("list[object]", options))
