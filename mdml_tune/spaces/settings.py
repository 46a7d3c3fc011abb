"""Which settings there are, of whatever kind their sections are: read off the schema."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import cast

from pydantic import TypeAdapter

from mdml_tune.config.trial import TrialConfig

Schema = Mapping[str, object]

NUMBERS = frozenset({"integer", "number"})


def types_at(path: str, section: type = TrialConfig) -> frozenset[str]:
    """What JSON calls the values that a trial may have at a dotted path; nothing: no such setting.

    A setting that stands for all tasks or for each is a map (``object``) here.
    """
    here = _at(path, section)
    return frozenset(str(schema["type"]) for schema in here if "type" in schema)


def names_below(path: str, section: type = TrialConfig) -> tuple[str, ...]:
    """The keys that a trial may have below a path; below the empty one its sections."""
    names: dict[str, None] = {}
    for schema in _at(path, section):
        names |= dict.fromkeys(cast("Schema", schema.get("properties", {})))
        if isinstance(allowed := schema.get("propertyNames"), dict):
            told = _resolved(_root(section), cast("Schema", allowed)).get("enum", [])
            names |= dict.fromkeys(str(name) for name in cast("list[object]", told))
    return tuple(names)


def _at(path: str, section: type) -> list[Schema]:
    root = _root(section)
    here = list(_alternatives(root, root))
    for segment in path.split(".") if path else ():
        below = (schema for above in here for schema in _below(root, above, segment))
        here = [schema for found in below for schema in _alternatives(root, found)]
    return here


@cache
def _root(section: type) -> Schema:
    return TypeAdapter[object](section).json_schema()


def _alternatives(root: Schema, schema: Schema) -> Iterator[Schema]:
    """Each thing that a value may be."""
    schema = _resolved(root, schema)
    options = [*_listed(schema, "anyOf"), *_listed(schema, "oneOf")]
    if not options:
        yield schema
    for option in options:
        yield from _alternatives(root, option)


def _below(root: Schema, schema: Schema, segment: str) -> Iterator[Schema]:
    properties = cast("Mapping[str, Schema]", schema.get("properties", {}))
    if segment in properties:
        yield properties[segment]
        return
    rest, names = schema.get("additionalProperties"), schema.get("propertyNames")
    allowed = (
        _resolved(root, cast("Schema", names)).get("enum") if isinstance(names, dict) else None
    )
    if isinstance(rest, dict) and (allowed is None or segment in cast("list[object]", allowed)):
        yield cast("Schema", rest)
    if segment.isdecimal():
        items = schema.get("prefixItems", [schema.get("items")])
        found = cast("list[Schema | None]", items)
        index = int(segment) if len(found) > 1 else 0
        if index < len(found) and (item := found[index]) is not None:
            yield item


def _resolved(root: Schema, schema: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    name = str(schema["$ref"]).rsplit("/", 1)[-1]
    return _resolved(root, cast("Mapping[str, Schema]", root["$defs"])[name])


def _listed(schema: Schema, key: str) -> list[Schema]:
    return cast("list[Schema]", schema.get(key, []))
