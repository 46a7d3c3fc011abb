"""What Ray itself says of a cluster launcher file, without asking a cloud."""

import contextlib
import io
import json
import logging
from collections.abc import Generator, Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import click
import jsonschema
import ray.autoscaler
from ray.autoscaler._private.util import prepare_config, validate_config

LEGACY = {"local": ("min_workers",)}
"""Keys that Ray takes, though its schema has no word for them."""


def objections(values: Mapping[str, object]) -> list[tuple[str, str]]:
    """Why Ray would refuse the file: a dotted path (may be empty) and one line, for each reason.

    No machine is asked for, and no credentials are: what `ray up` then asks a cloud is not seen here.
    """
    found = list(_against_schema(values))
    if found:
        return found
    with _quiet():
        try:
            validate_config(prepare_config(_completed(values)))
        except jsonschema.ValidationError as error:
            return [_placed(error)]
        except (
            click.ClickException,
            AssertionError,
            AttributeError,
            LookupError,
            RuntimeError,
            TypeError,
            ValueError,
        ) as error:  # whatever a value of an unexpected shape makes of its code
            return [("", str(error).strip().splitlines()[0] if str(error) else repr(error))]
    return []


def _against_schema(values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Everything at once, where Ray stops at the first."""
    path = Path(ray.autoscaler.__file__).with_name("ray-schema.json")
    checker = jsonschema.Draft7Validator(json.loads(path.read_text()))
    provider = values.get("provider")
    kind = provider.get("type") if isinstance(provider, dict) else None
    kept = {k: v for k, v in _completed(values).items() if k not in LEGACY.get(str(kind), ())}
    for error in checker.iter_errors(kept):
        yield _placed(error)


def _completed(values: Mapping[str, object]) -> dict[str, Any]:
    """With what `ray up` asks AWS for: the resources of a type that says none."""
    copied: Any = deepcopy(dict(values))
    provider, types = copied.get("provider"), copied.get("available_node_types")
    if isinstance(provider, dict) and provider.get("type") == "aws" and isinstance(types, dict):
        for one in types.values():
            if isinstance(one, dict):
                one.setdefault("resources", {})
    return copied


def _placed(error: jsonschema.ValidationError) -> tuple[str, str]:
    return ".".join(str(step) for step in error.absolute_path), error.message.splitlines()[0]


@contextlib.contextmanager
def _quiet() -> Generator[None]:
    """Ray also prints what it raises, and what it fills in."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(disabled)
