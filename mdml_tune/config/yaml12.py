"""YAML as YAML 1.2 reads numbers and truths, and without its silent traps.

PyYAML follows YAML 1.1: it reads `1e-3` as text, `010` as eight, `on` as true, `12:30` as 750, and
of a key that stands twice it silently keeps the last.
"""

import math
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any, cast

import yaml

from mdml_tune.errors import ConfigError

MOST_CHARACTERS = 1_000_000
MOST_DIGITS = 100
MOST_VALUES = 100_000
"""Aliases let a small file stand for far more values than characters, or for itself."""
DEEPEST = 60

KINDS = ("null", "bool", "int", "float", "str", "seq", "map")
"""Of values; a tag that asks for another (`!!binary`, `!!set`) is refused."""


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012
    yaml_constructors = {  # noqa: RUF012 (as PyYAML has it)
        tag: make
        for tag, make in yaml.SafeLoader.yaml_constructors.items()
        if tag is None or tag.rpartition(":")[2] in KINDS
    }

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:  # noqa: ANN401 (the signature is PyYAML's)
        text = super().construct_scalar(node)
        if any("\ud800" <= character <= "\udfff" for character in str(text)):
            raise ConfigError(
                f"line {node.start_mark.line + 1}: half of a character (a lone surrogate). Write the "
                f"character itself."
            )
        return text

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """No merge keys: YAML 1.2 has none."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 (the signature is PyYAML's)
        seen: dict[object, int] = {}
        for key_node, _ in node.value:
            key = cast("object", self.construct_object(key_node, deep=True))
            line = key_node.start_mark.line + 1
            if not isinstance(key, str):
                raise ConfigError(f"line {line}: a key must be text, found {key!r}.")
            if key in seen:
                raise ConfigError(
                    f"line {line}: '{key}' is given twice (first on line {seen[key]}). Keep one."
                )
            seen[key] = line
        return super().construct_mapping(node, deep=deep)

    def construct_integer(self, node: yaml.ScalarNode) -> int:
        text = str(self.construct_scalar(node))
        if len(text) > MOST_DIGITS:
            raise ConfigError(
                f"line {node.start_mark.line + 1}: an integer of {len(text)} characters is out of "
                f"range. Give a smaller one."
            )
        return int(text)

    def construct_float(self, node: yaml.ScalarNode) -> float:
        text = str(self.construct_scalar(node))
        # `1e400` is written as a number and is none to the machine.
        if not re.fullmatch(r"[-+.0-9eE]+", text) or math.isinf(float(text)):
            raise ConfigError(
                f"line {node.start_mark.line + 1}: {text} is not a finite number. Give a finite one."
            )
        return float(text)


def _resolver(tag: str, pattern: str, first: str) -> None:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))


# YAML 1.2.2, section 10.3.2 (core schema); hexadecimal and octal numbers are left as text.
_resolver("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF")
_resolver("null", r"^(?:~|null|Null|NULL|)$", "~nN\0")
_Loader.yaml_implicit_resolvers.setdefault("", []).append(
    ("tag:yaml.org,2002:null", re.compile(r"^$"))
)
_resolver("int", r"^[-+]?[0-9]+$", "-+0123456789")
_resolver(
    "float",
    r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
    "-+.0123456789",
)
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_integer)
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.construct_float)


def parse_yaml(text: str) -> object:
    """The value that ``text`` stands for: nested mappings, lists and scalars.

    Raises:
        ConfigError: Not YAML, a key given twice, or a number that is not finite.
    """
    if len(text) > MOST_CHARACTERS:
        raise ConfigError(f"longer than {MOST_CHARACTERS:,} characters, which no study is.")
    try:
        value: object = yaml.load(text, Loader=_Loader)  # noqa: S506 (a SafeLoader with fewer types)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
        raise ConfigError(f"{where}not valid YAML: {error.problem or error.context}.") from error
    except RecursionError as error:
        raise ConfigError(f"nested deeper than {DEEPEST}, which no study is.") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"not valid YAML: {error}.") from error
    _refuse_unbounded(value)
    return value


def read_yaml(path: Path) -> object:
    """The value in the file at ``path``.

    Raises:
        ConfigError: The file cannot be read as YAML; the message begins with its path.
    """
    try:
        return parse_yaml(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path} is not UTF-8 text: {error.reason} at byte {error.start}."
        ) from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _refuse_unbounded(value: object) -> None:
    found, rest = 0, [(value, 0)]
    while rest:
        here, depth = rest.pop()
        found += 1
        if found > MOST_VALUES or depth > DEEPEST:
            raise ConfigError(
                f"more than {MOST_VALUES:,} values or nested deeper than {DEEPEST}, which no study "
                f"is. Look for aliases (*name) that stand for themselves or for each other."
            )
        if isinstance(here, dict):
            rest.extend((item, depth + 1) for item in cast("dict[str, object]", here).values())
        elif isinstance(here, list):
            rest.extend((item, depth + 1) for item in cast("list[object]", here))
