"""A cluster file as Ray and kubectl read it: YAML 1.1, a mapping or several documents."""

import json
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from mdml_tune.cli.checking.cluster_file.lookup import section
from mdml_tune.errors import ConfigError


@dataclass(frozen=True, slots=True)
class ClusterFile:
    path: Path
    documents: Sequence[dict[str, object]]
    duplicates: Sequence[str]
    """Keys that stand twice, with the line of the second: readers keep the last and say nothing."""

    @property
    def is_kubernetes(self) -> bool:
        return any("apiVersion" in one or "kind" in one for one in self.documents)


class _Loader(yaml.SafeLoader):
    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.duplicates: list[str] = []

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 (the signature is PyYAML's)
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = str(key_node.value)
            if key in seen and key != "<<":
                self.duplicates.append(f"'{key}' on line {key_node.start_mark.line + 1}")
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def read_cluster_file(path: Path) -> ClusterFile:
    """What stands in the file.

    Raises:
        ConfigError: There is no such file, or it is neither a launcher file nor a manifest.
    """
    try:
        return _parsed(path, path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path} is not UTF-8 text: {error.reason} at byte {error.start}."
        ) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
        raise ConfigError(f"{path}: {line}not valid YAML: {error.problem}.") from error
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        # Ray turns the file into JSON, so aliases to themselves and dates as keys fail there too.
        first = str(error).splitlines()[0]
        raise ConfigError(f"{path}: not plain values: {first}.") from error


def _parsed(path: Path, content: str) -> ClusterFile:
    loader = _Loader(content)
    documents: list[object] = []
    while loader.check_data():
        documents.append(loader.get_data())
    loader.dispose()
    json.dumps(documents, default=str)
    kept = [cast("dict[str, object]", one) for one in documents if isinstance(one, dict)]
    if not kept or any(one is not None and not isinstance(one, dict) for one in documents):
        raise ConfigError(
            f"{path} holds no mapping. Give a cluster launcher file of Ray (cluster_name, provider, "
            f"...) or a Kubernetes manifest with a RayJob or RayCluster."
        )
    found = ClusterFile(path, kept, loader.duplicates)
    if not found.is_kubernetes and (
        len(kept) > 1 or not ({"cluster_name", "provider"} & set(kept[0]))
    ):
        raise ConfigError(
            f"{path} is neither a cluster launcher file of Ray (cluster_name, provider, ...) nor a "
            f"Kubernetes manifest (apiVersion, kind): found {', '.join(list(kept[0])[:4]) or 'nothing'}."
        )
    if found.is_kubernetes and not any(section(one, "spec") for one in kept):
        raise ConfigError(f"{path}: no document has a spec. Give a RayJob or a RayCluster.")
    return found
