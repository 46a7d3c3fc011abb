"""The JSON schema of what may stand in a value's place."""

from collections.abc import Iterator, Mapping, Sequence

from mdml_tune.spaces.domains import INTEGERS, MOST_OPTIONS, STEPPED, WORDS

Schema = Mapping[str, object]

ANY: Schema = {"$ref": "#/$defs/domain"}


def domain_schemas() -> dict[str, object]:
    """Definitions that ``domains_of`` refers to."""
    ranges = {
        "range.integer": {"anyOf": [_range(word, "integer") for word in INTEGERS]},
        "range.number": {
            "anyOf": [_range(word, "number") for word in WORDS if word not in (*INTEGERS, "choice")]
        },
    }
    any_domain = [{"$ref": f"#/$defs/{name}"} for name in ranges]
    return {**ranges, "domain": {"anyOf": [*any_domain, _choice({})]}}


def domains_of(types: set[str], options: Sequence[Schema]) -> Iterator[Schema]:
    """The domains that may stand for a value.

    Args:
        types: What JSON calls the value.
        options: What each option of a choice may be.
    """
    for kind in ("integer", "number"):
        if kind in types:
            yield {"$ref": f"#/$defs/range.{kind}"}
    yield _choice({"anyOf": [*options, ANY]})


def _range(word: str, kind: str) -> Schema:
    bounds = "[low, high]" + (" or [low, high, step]" if word in STEPPED else "")
    items = {"type": kind} | ({"exclusiveMinimum": 0} if word.startswith("log") else {})
    return _alone(
        word,
        {
            "description": f"{bounds}, both ends included.",
            "type": "array",
            "items": items,
            "minItems": 2,
            "maxItems": 3 if word in STEPPED else 2,
        },
    )


def _choice(item: Schema) -> Schema:
    options = {"type": "array", "items": item, "minItems": 1, "maxItems": MOST_OPTIONS}
    return _alone("choice", {"description": "One of these.", **options})


def _alone(word: str, given: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {word: given},
        "required": [word],
        "additionalProperties": False,
    }
