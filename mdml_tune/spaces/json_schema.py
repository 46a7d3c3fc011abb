"""The JSON schema of a study file, with which editors complete keys and underline mistakes.

It says less than ``check_study``: what a single value may be, not whether values fit each other.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import cast

from pydantic import TypeAdapter

from mdml_tune.config.trial import TrialConfig
from mdml_tune.spaces.domain_schema import domain_schemas, domains_of
from mdml_tune.spaces.extends import EXTENDS
from mdml_tune.spaces.study import BASELINE_SECTIONS, Study
from mdml_tune.storage.studies import NAME
from mdml_tune.tasks import Task

Schema = dict[str, object]

DATA = "data"
"""The one section that cannot be searched."""


def study_schema() -> Schema:
    """Of a study file, whole or extending another; JSON Schema 2020-12."""
    plan = TypeAdapter[object](Study).json_schema()
    sections = _definitions(plan)
    sections["BaselinePlan"] = _with_trial(sections["BaselinePlan"])
    properties = cast("dict[str, Schema]", plan["properties"])
    properties["study"] |= {"pattern": f"^(?:{NAME.pattern})$"}
    properties["trial"] = {
        "description": properties["trial"]["description"],
        "$ref": "#/$defs/trial",
    }
    properties["methods"] = _methods(properties["methods"])
    properties[EXTENDS] = {
        "type": "string",
        "description": "Path (from this file) or name of a study that this one is laid upon.",
    }
    sections["SearchPlan"] = _with_objective(sections["SearchPlan"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A study of mdml_tune",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _loose(value) for name, value in properties.items()},
        "required": ["study"],
        "if": {"required": [EXTENDS]},
        "else": _complete(),
        "$defs": {name: _loose(value) for name, value in sections.items()}
        | domain_schemas()
        | _trial_definitions(),
    }


def _complete() -> Schema:
    """What a study says that extends no other."""
    data = {"required": ["dataset", "tasks"]}
    return {
        "required": ["trial"],
        "properties": {"trial": {"required": [DATA], "properties": {DATA: data}}},
    }


def _trial_definitions() -> dict[str, object]:
    """Of a trial in which any value may be a domain, and of its sections.

    ``trial.X`` is a section X; ``option.X`` one among which is chosen, and which may have a name.
    """
    schema = TypeAdapter[object](TrialConfig).json_schema()
    found: dict[str, object] = {"trial": _section(schema)}
    for name, section in _definitions(schema).items():
        if _is_plain(name):
            found[name] = _loose(section)
            continue
        opened = _section(section)
        found[f"trial.{name}"] = opened
        found[f"option.{name}"] = {**opened, "properties": _named(f"trial.{name}", opened)}
    return found


def _named(definition: str, section: Schema) -> Schema:
    """The keys of a section, as defined there, and its name."""
    keys = cast("Schema", section["properties"])
    same = {key: {"$ref": f"#/$defs/{definition}/properties/{key}"} for key in keys}
    return {"name": {"type": "string", "description": "What results call this option."}, **same}


def _is_plain(name: str) -> bool:
    """Whether nothing in a definition can be searched: what is learnt from, and tasks."""
    return name.endswith("Data") or name == Task.__name__


def _section(schema: Mapping[str, object]) -> Schema:
    """A section in which each value may be a domain, and any may be left out."""
    properties = cast("dict[str, Schema]", schema["properties"])
    return {
        **({"description": schema["description"]} if "description" in schema else {}),
        "type": "object",
        "additionalProperties": False,
        "properties": {
            name: _value(value, "trial") if name == DATA else _searchable(value)
            for name, value in properties.items()
        },
    }


def _searchable(schema: Mapping[str, object]) -> Schema:
    """A value of a section: fixed, or a domain."""
    about = {key: schema[key] for key in ("description", "default") if key in schema}
    plain = {key: value for key, value in schema.items() if key not in {*about, "title"}}
    # A kind is chosen among those of all sections that may stand in one place.
    option: Schema = {"type": "string"} if "const" in plain else _value(plain, "option")
    fixed = _value(plain, "trial")
    return {**about, "anyOf": [*_options(fixed), *domains_of(_types(fixed), _options(option))]}


def _value(schema: Mapping[str, object], kind: str) -> Schema:
    """What a value may be that is no domain itself, while what is below it may."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rsplit("/", 1)[-1]
        return {**schema, "$ref": f"#/$defs/{_placed(name, kind)}"}
    if options := cast("list[Schema] | None", schema.get("oneOf", schema.get("anyOf"))):
        rest = {k: v for k, v in schema.items() if k not in {"oneOf", "anyOf", "discriminator"}}
        return {**rest, "anyOf": [_value(option, kind) for option in options]}
    if isinstance(below := schema.get("additionalProperties"), dict):
        each = _searchable(cast("Schema", below))
        each_of = {**schema, "additionalProperties": each}
        # What is given per task may be one number for all.
        return {"anyOf": [each_of, below]} if "propertyNames" in schema else each_of
    if isinstance(items := schema.get("items"), dict):
        return {**schema, "items": _searchable(cast("Schema", items))}
    return dict(schema)


def _placed(name: str, kind: str) -> str:
    return name if _is_plain(name) else f"{kind}.{name}"


def _options(schema: Schema) -> list[Schema]:
    return cast("list[Schema]", schema["anyOf"]) if set(schema) == {"anyOf"} else [schema]


def _types(schema: Mapping[str, object]) -> set[str]:
    options = cast("list[Schema]", schema.get("anyOf", []))
    below = {found for option in options for found in _types(option)}
    return below | ({str(schema["type"])} if "type" in schema else set())


def _methods(schema: Schema) -> Schema:
    names = [section.name for section in fields(TrialConfig) if section.name != DATA]
    over = {name: {"$ref": f"#/$defs/trial/properties/{name}"} for name in names}
    each: Schema = {"type": ["object", "null"], "additionalProperties": False, "properties": over}
    options: list[Schema] = [
        {"type": "object", "minProperties": 1, "additionalProperties": each},
        {"type": "null"},
    ]
    return {"description": schema["description"], "anyOf": options}


def _with_trial(baseline: Schema) -> Schema:
    """A plan of baselines, which fixes values of some sections."""
    properties = cast("dict[str, Schema]", baseline["properties"])
    over = {name: {"$ref": f"#/$defs/trial/properties/{name}"} for name in BASELINE_SECTIONS}
    trial = {
        "description": properties["trial"]["description"],
        "type": "object",
        "additionalProperties": False,
        "properties": over,
    }
    return {**baseline, "properties": {**properties, "trial": trial}}


def _with_objective(search: Schema) -> Schema:
    properties = cast("dict[str, Schema]", search["properties"])
    one: Schema = {"type": "string", "pattern": f"^delta_m(/({'|'.join(Task)}))?$"}
    several = {"type": "array", "items": one, "minItems": 1, "uniqueItems": True}
    objective = {"description": properties["objective"]["description"], "anyOf": [one, several]}
    return {**search, "properties": {**properties, "objective": objective}}


def _definitions(schema: Mapping[str, object]) -> dict[str, Schema]:
    return dict(cast("Mapping[str, Schema]", schema["$defs"]))


def _loose(schema: object) -> object:
    """Without what must be there, since a file that extends another leaves out what it keeps."""
    if isinstance(schema, list):
        return [_loose(item) for item in cast("list[object]", schema)]
    if not isinstance(schema, dict):
        return schema
    return {
        "anyOf" if key == "oneOf" else key: _loose(value)
        for key, value in cast("Schema", schema).items()
        if key not in {"required", "discriminator", "title"}
    }
