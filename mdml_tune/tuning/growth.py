"""What the joined cluster's autoscaler can make of it, read from where the autoscaler reads it.

Ray's own record (``get_cluster_config``) is asked first; Ray 2.60 leaves it empty, so behind it stand
the cluster file that the autoscaler of this host was started with and, in a pod of KubeRay, the
cluster's resource. All of these are Ray's internals, and this is the one place that touches them.
"""

import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import yaml
from ray._private.state import state as ray_state

from mdml_tune.tuning.capacity import Growth, Node, NodeType
from mdml_tune.tuning.finding import PROCESSES, processes_here

logger = logging.getLogger(__name__)

UNBOUNDED = 1_000_000
"""Nodes, where there is no limit."""

_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


def growth_of(address: str) -> Growth | None:
    """Of the joined cluster; none where it has no autoscaler, or that cannot be told from here."""
    return _published() or _from_file(address) or _from_kubernetes(address)


def growth_from(config: Mapping[str, Any]) -> Growth | None:
    """Of a cluster file, as Ray has completed it; none where it starts no node."""
    types = cast("Mapping[str, Mapping[str, Any]]", config.get("available_node_types") or {})
    most = int(config.get("max_workers") or 0)
    found = [
        NodeType(
            name, Node.of(one.get("resources") or {}), min(most, int(one.get("max_workers") or 0))
        )
        for name, one in types.items()
        if one.get("resources")  # the machines of a `local` cluster say how large they are, later
    ]
    return _growth(found, most)


def promised(address: str) -> int:
    """Nodes of unknown shape that the autoscaler of this host starts whatever is asked for.

    The machines of a `local` cluster say how large they are when they have joined, not before.
    """
    config = _file_of(address) or {}
    types = cast("Mapping[str, Mapping[str, Any]]", config.get("available_node_types") or {})
    return sum(
        int(one.get("min_workers") or 0) for one in types.values() if not one.get("resources")
    )


def _growth(types: Iterable[NodeType], most: int) -> Growth | None:
    kept = tuple(one for one in types if one.most > 0)
    return Growth(kept, min(most, sum(one.most for one in kept))) if kept else None


def _published() -> Growth | None:
    config: Any = ray_state.get_cluster_config()
    if config is None:
        return None
    types = [
        NodeType(group.name, Node.of(dict(group.resources)), _count(group.max_count))
        for group in config.node_group_configs
    ]
    return _growth(types, UNBOUNDED)


def _count(most: int) -> int:
    return UNBOUNDED if most < 0 else most


def _from_file(address: str) -> Growth | None:
    config = _file_of(address)
    return None if config is None else growth_from(config)


def _file_of(address: str, processes: Path = PROCESSES) -> dict[str, Any] | None:
    """The file that the autoscaler on this host was started with."""
    for monitor in processes_here("monitor.py", processes):
        path = monitor.flags.get("autoscaling-config")
        if path is None or monitor.flags.get("gcs-address") != address:
            continue
        try:
            return cast(
                "dict[str, Any]", yaml.safe_load(Path(path).expanduser().read_text("utf-8"))
            )
        except (OSError, yaml.YAMLError) as error:
            logger.warning("What the cluster can grow to is not known: %s: %s", path, error)
    return None


def _from_kubernetes(address: str) -> Growth | None:
    name = os.environ.get("RAY_CLUSTER_NAME")
    ours = address.endswith(f":{os.environ.get('RAY_PORT', '6379')}")  # not a session of its own
    if name is None or not ours or not _NAMESPACE.exists():
        return None
    from ray.autoscaler._private.kuberay.autoscaling_config import (  # noqa: PLC0415 (in pods alone)
        AutoscalingConfigProducer,
    )

    try:
        producer: Any = AutoscalingConfigProducer(name, _NAMESPACE.read_text("utf-8").strip())
        return growth_from(producer())
    except Exception as error:  # noqa: BLE001 (whatever Kubernetes forbids, the study runs on what is there)
        logger.warning("What the cluster can grow to is not known: %s", error)
        return None
