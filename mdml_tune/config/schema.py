"""Checking nested plain values against a section: every problem at once, each under its path."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple, TypeVar, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, to_json

from mdml_tune.errors import ConfigError

S = TypeVar("S")
Schema = Mapping[str, object]

SCALARS = ("str", "int", "float", "bool")
"""How pydantic calls the members of a union of scalars, at the end of a location."""


class Problem(NamedTuple):
    path: str
    """Dotted: ``mutual.weight.depth``."""
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def validate(section: type[S] | object, values: object) -> S | list[Problem]:
    """``values`` as an instance of ``section``, or everything that is wrong with them."""
    try:
        # Through JSON, where strict still takes a list for a tuple and a name for an enum.
        return cast("S", _adapter(section).validate_json(to_json(values), strict=True))
    except ValidationError as error:
        errors = error.errors(include_url=False)
        found = list(dict.fromkeys(_problem(section, details) for details in errors))
        # A list with an unfit item counts as too short; the item itself says more.
        return [p for p in found if not any(q.path.startswith(f"{p.path}.0") for q in found)]


def refuse(what: str, problems: Iterable[Problem]) -> ConfigError:
    """The one error that lists all ``problems`` of ``what``."""
    return ConfigError("\n".join([f"{what} cannot be used:", *(f"  {p}" for p in problems)]))


def plain(section: object) -> dict[str, object]:
    """A section as nested plain values, every default written out."""
    return cast("dict[str, object]", _adapter(type(section)).dump_python(section, mode="json"))


def suggestion(word: str, allowed: Iterable[str]) -> str:
    """' (did you mean 'x'?)', or nothing where no allowed word is near."""
    near = difflib.get_close_matches(word, list(allowed), n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else ""


@cache
def _adapter(section: object) -> TypeAdapter[object]:
    return TypeAdapter[object](section)  # pyright: ignore[reportArgumentType]


@cache
def _root(section: object) -> Schema:
    return _adapter(section).json_schema()


def _problem(section: object, details: ErrorDetails) -> Problem:
    path, schema = _walk(_root(section), details["loc"])
    key = str(details["loc"][-1]) if details["loc"] else ""
    found = details["input"]
    match details["type"]:
        case "unexpected_keyword_argument" | "extra_forbidden":
            allowed = list(cast("Schema", schema.get("properties", {})))
            message = f"unknown key (allowed: {', '.join(allowed)}){suggestion(key, allowed)}"
        case "missing" | "missing_argument" | "missing_keyword_only_argument":
            message = "is missing"
        case "literal_error" | "enum":
            message = _not_among(found, str(details.get("ctx", {}).get("expected", "")))
        case "union_tag_invalid":
            context = details.get("ctx", {})
            path = f"{path}.{_discriminator(details)}"
            message = _not_among(context.get("tag"), str(context.get("expected_tags", "")))
        case "union_tag_not_found":
            path, message = f"{path}.{_discriminator(details)}", "is missing"
        case _ if key in SCALARS and not path.endswith(key):
            message = f"takes text, a number, true, false or null, found {found!r}"
        case _:
            message = f"{_wanted(details, schema)}, found {found!r}"
    return Problem(path, message)


def _wanted(details: ErrorDetails, schema: Schema) -> str:
    context = details.get("ctx", {})
    match details["type"]:
        case "too_short":
            return f"should hold at least {context['min_length']}"
        case "too_long":
            return f"should hold at most {context['max_length']}"
        case "string_pattern_mismatch":
            fields = cast("Mapping[str, Schema]", schema["properties"])
            examples = cast("list[str]", fields[str(details["loc"][-1])]["examples"])
            return f"should look like {' or '.join(examples)}"
        case _:
            return details["msg"].removeprefix("Input ").strip()


def _discriminator(details: ErrorDetails) -> str:
    return str(details.get("ctx", {}).get("discriminator", "")).strip("'")


def _not_among(found: object, expected: str) -> str:
    names = [word.strip().strip("'") for word in expected.replace(" or ", ", ").split(",")]
    return f"found {found!r}, allowed: {', '.join(names)}{suggestion(str(found), names)}"


def _walk(root: Schema, loc: Sequence[int | str]) -> tuple[str, Schema]:
    """The dotted path of ``loc``, without the tags of unions, and the schema around its end."""
    parts: list[str] = []
    here = around = _resolved(root, root)
    for part in loc:
        around = here
        tagged = cast(
            "dict[str, str]", cast("Schema", here.get("discriminator", {})).get("mapping", {})
        )
        if part in tagged:
            here = _resolved(root, {"$ref": tagged[str(part)]})
            continue
        if part == "[key]" or (part in SCALARS and here.get("type") not in {None, "object"}):
            continue  # nothing has a name below a scalar
        if (option := _option(here, part)) is not None:
            here = _resolved(root, option)
            continue
        parts.append(str(part))
        here = _resolved(root, _below(here, part))
    return ".".join(parts), around


def _option(schema: Schema, tag: int | str) -> Schema | None:
    """What a value may be that is a number or a list, where ``tag`` says which was meant."""
    options = cast("list[Schema]", schema.get("oneOf", []))
    kind = {"number": "integer", "networks": "array"}.get(str(tag))
    return next((option for option in options if option.get("type") == kind), None)


def _below(schema: Schema, part: int | str) -> Schema:
    if isinstance(part, int):
        return cast("Schema", schema.get("items", {}))
    properties = cast("Mapping[str, Schema]", schema.get("properties", {}))
    rest = schema.get("additionalProperties")
    return properties.get(part, cast("Schema", rest) if isinstance(rest, dict) else {})


def _resolved(root: Schema, schema: Schema) -> Schema:
    """``schema`` behind its reference and, of something that may be null, its other half."""
    while True:
        if "$ref" in schema:
            name = str(schema["$ref"]).rsplit("/", 1)[-1]
            schema = cast("Mapping[str, Schema]", root["$defs"])[name]
        elif "anyOf" in schema:
            options = cast("list[Schema]", schema["anyOf"])
            schema = next(o for o in options if o.get("type") != "null")
        else:
            return schema
