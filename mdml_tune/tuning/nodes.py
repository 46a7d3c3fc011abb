"""Looking at every node of a cluster, from the node itself."""

import shutil
import socket
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from mdml_tune.config.identity import code_version
from mdml_tune.storage.atomic import write_bytes
from mdml_tune.tuning.provenance import about

PATIENCE_S = 60.0
"""For a node to start a worker and answer."""

RAISED_TO = 65536
"""Open files that Ray allows its processes, where the hard limit does too."""

OURS = "driver"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a node sees of itself."""

    host: str
    storage_problem: str | None
    """Why it cannot write to the storage; none where it can."""
    sees_ours: bool
    """Whether a file of the driver is there: else it is another folder of the same name."""
    open_files: int
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NodeReport:
    name: str
    seen: Seen | None
    """None of a node that does not answer."""
    problem: str | None = None
    """Why it does not."""
    we_see_its: bool = False
    """Whether its file has reached the driver."""
    skew_s: float = 0.0
    """Seconds by which its clock is apart from the driver's, at the least."""


def probe_nodes(storage: Path) -> list[NodeReport]:
    """What each living node of the joined cluster sees and can do."""
    folder = storage / f".doctor-{uuid.uuid4().hex[:8]}"
    write_bytes(folder / OURS, b"")
    try:
        return [_probe(str(n["NodeID"]), str(n["NodeManagerHostname"]), folder) for n in _alive()]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def look(folder: Path, name: str) -> Seen:
    """On the node: leave a file in the shared folder, and look for the driver's."""
    problem = None
    try:
        write_bytes(folder / name, b"")
    except OSError as error:
        problem = error.strerror or str(error)
    return Seen(
        host=socket.gethostname(),
        storage_problem=problem,
        sees_ours=(folder / OURS).exists(),
        open_files=open_files(),
        versions=versions(),
    )


def versions() -> dict[str, str]:
    """What must be the same on all nodes for their trials to be comparable."""
    found: Any = about("", "")["versions"]
    kept = {name: str(found[name]) for name in ("python", "torch", "ray", "numpy")}
    return kept | {"training code": code_version()}


def open_files() -> int:
    """How many files a process may open here, once Ray has raised the limit as far as it does."""
    import resource  # noqa: PLC0415 (Windows has none)

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = RAISED_TO if hard == resource.RLIM_INFINITY else min(hard, RAISED_TO)
    return max(soft, most)


def skew(before: float, there: float, after: float) -> float:
    """Seconds by which a clock must be wrong that said ``there`` between two looks at ours."""
    return max(0.0, before - there, there - after)


def _alive() -> list[dict[str, Any]]:
    return [node for node in ray.nodes() if node["Alive"]]


def _probe(node_id: str, name: str, folder: Path) -> NodeReport:
    where: dict[str, Any] = {
        "num_cpus": 0,  # a busy node answers too
        "scheduling_strategy": NodeAffinitySchedulingStrategy(node_id, soft=False),
    }
    looking: Any = ray.remote(look).options(**where)  # pyright: ignore[reportFunctionMemberAccess]
    clock: Any = ray.remote(_clock).options(**where)  # pyright: ignore[reportFunctionMemberAccess]
    try:
        seen: Seen = ray.get(looking.remote(folder, node_id), timeout=PATIENCE_S)
        ray.get(clock.remote(), timeout=PATIENCE_S)  # the first call pays for what is loaded
        before = time.time()
        there: float = ray.get(clock.remote(), timeout=PATIENCE_S)
        after = time.time()
    except RayError as error:
        return NodeReport(name, None, problem=str(error).strip().splitlines()[0])
    arrived = (folder / node_id).exists()
    return NodeReport(name, seen, we_see_its=arrived, skew_s=skew(before, there, after))


def _clock() -> float:
    return time.time()
