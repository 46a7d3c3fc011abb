"""YAML as YAML 1.2 reads numbers and truths, and without its silent traps.

PyYAML follows YAML 1.1: it reads `1e-3` as text, `010` as eight, `on` as true, `12:30` as 750, and
of a key that stands twice it silently keeps the last.
"""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any, cast

import yaml

from mdml_tune.errors import ConfigError

MOST_CHARACTERS = 1_000_000


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

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
        return int(str(self.construct_scalar(node)))

    def construct_float(self, node: yaml.ScalarNode) -> float:
        text = str(self.construct_scalar(node))
        if not re.fullmatch(r"[-+.0-9eE]+", text):
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
        return yaml.load(text, Loader=_Loader)  # noqa: S506 (a SafeLoader with fewer types)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
        raise ConfigError(f"{where}not valid YAML: {error.problem or error.context}.") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError(f"not valid YAML: {error}.") from error


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
