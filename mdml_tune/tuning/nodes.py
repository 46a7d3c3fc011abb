"""Looking at every node of a cluster, from the node itself."""

import platform
import shutil
import socket
import time
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from mdml_tune.config.identity import code_version
from mdml_tune.storage.atomic import write_bytes

PATIENCE_S = 60.0
"""For the nodes, all together, to start a worker each and answer."""

COMPARED = ("torch", "ray", "numpy")
"""Packages that must be the same on all nodes for their trials to be comparable."""

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
    """Its host name and address."""
    seen: Seen | None
    """None of a node that does not answer."""
    problem: str | None = None
    """Why it does not."""
    broken: bool = False
    """Whether it is there, but cannot run our code."""
    we_see_its: bool = False
    """Whether its file has reached the driver."""
    skew_s: float = 0.0
    """Seconds by which its clock is apart from the driver's, at the least."""


def probe_nodes(storage: Path, only: Collection[str] | None = None) -> list[NodeReport]:
    """What each living node of the joined cluster sees and can do, or each of ``only`` (ids)."""
    folder = storage / f".doctor-{uuid.uuid4().hex[:8]}"
    write_bytes(folder / OURS, b"")
    nodes = [node for node in alive_nodes() if only is None or node["NodeID"] in only]
    try:
        # All start their workers at once; one after the other they would keep a large cluster waiting.
        looking = [(node, _on(node, look).remote(folder, str(node["NodeID"]))) for node in nodes]
        ray.wait(
            [reference for _, reference in looking],
            num_returns=max(1, len(looking)),
            timeout=PATIENCE_S,
        )
        return [_report(node, reference, folder) for node, reference in looking]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def look(folder: Path, name: str) -> Seen:
    """On the node: leave a file in the shared folder, and look for the driver's."""
    problem = None
    try:
        write_bytes(folder / name, b"")
    except OSError as error:
        problem = error.strerror or str(error)
    shared = (folder / OURS).exists()
    if not shared:
        shutil.rmtree(folder, ignore_errors=True)  # nobody else would: it is a folder of this node
    return Seen(
        host=socket.gethostname(),
        storage_problem=problem,
        sees_ours=shared,
        open_files=open_files(),
        versions=versions(),
    )


@cache
def versions() -> Mapping[str, str]:
    """What must be the same on all nodes for their trials to be comparable."""
    packages = {name: metadata.version(name) for name in COMPARED}
    return {"python": platform.python_version(), **packages, "training code": code_version()}


def open_files() -> int:
    """How many files a process may open here, once Ray has raised the limit as far as it does."""
    import resource  # noqa: PLC0415 (Windows has none)

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = RAISED_TO if hard == resource.RLIM_INFINITY else min(hard, RAISED_TO)
    return max(soft, most)


def skew(before: float, there: float, after: float) -> float:
    """Seconds by which a clock must be wrong that said ``there`` between two looks at ours."""
    return max(0.0, before - there, there - after)


def alive_nodes() -> list[dict[str, Any]]:
    """What Ray says of each living node of the joined cluster."""
    return [node for node in ray.nodes() if node["Alive"]]


def name_of(node: Mapping[str, Any]) -> str:
    """By which a user finds it: containers and clones share host names."""
    return f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})"


def _report(node: Mapping[str, Any], looking: Any, folder: Path) -> NodeReport:  # noqa: ANN401 (Ray's reference)
    clock = _on(node, _clock)
    try:
        seen: Seen = ray.get(looking, timeout=0)  # all have been waited for
        ray.get(clock.remote(), timeout=PATIENCE_S)  # the first call pays for what is loaded
        before = time.time()
        there: float = ray.get(clock.remote(), timeout=PATIENCE_S)
        after = time.time()
    except GetTimeoutError:
        return NodeReport(name_of(node), None, problem=f"no answer within {PATIENCE_S:.0f} s")
    except RayError as error:
        said = str(error).strip().splitlines()[-1]
        return NodeReport(name_of(node), None, said, broken=isinstance(error, RayTaskError))
    arrived = (folder / str(node["NodeID"])).exists()
    return NodeReport(name_of(node), seen, we_see_its=arrived, skew_s=skew(before, there, after))


def _on(node: Mapping[str, Any], function: Any) -> Any:  # noqa: ANN401 (Ray's remote functions)
    where = NodeAffinitySchedulingStrategy(str(node["NodeID"]), soft=False)
    # No CPU of its own: a busy node answers too.
    return ray.remote(function).options(num_cpus=0, scheduling_strategy=where)


def _clock() -> float:
    return time.time()
