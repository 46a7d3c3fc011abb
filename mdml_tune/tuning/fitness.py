"""Whether a node may take part in a study: it has to share the storage, and the driver's code.

The nodes that are there are asked before anything is spent; whichever joins later is asked by the
first trial that it gets, before that trial begins.
"""

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import ray

from mdml_tune.errors import UnavailableError
from mdml_tune.spaces.plan import Resources
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tuning.capacity import Node
from mdml_tune.tuning.events import Notice, Observer
from mdml_tune.tuning.nodes import NodeReport, alive_nodes, probe_nodes, versions

REACHES_S = 90.0
"""Within which what the driver has written is seen on all nodes: a client of NFS looks at a folder that
it knows again after up to a minute (``acdirmax``, nfs(5))."""

_LOOKS_EVERY = 0.5
_SHARE = "Mount one folder at the same path on all nodes (NFS, EFS, Filestore), and name it with --storage."
_SAME = "Trials are compared with each other: bring the same to all nodes (`ray up` again)."


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why a trial was not begun on a node."""

    text: str


def check_nodes(storage: Path, resources: Resources, observe: Observer) -> None:
    """Ask each node that holds a trial, before anything is spent.

    A node that does not answer is told of: it may be slow or on its way out, and is asked again by
    the first trial that it gets.

    Raises:
        UnavailableError: One of them cannot take part; the message names all, and what to do.
    """
    holding = {
        str(node["NodeID"]) for node in alive_nodes() if Node.of(node["Resources"]).holds(resources)
    }
    reports = probe_nodes(storage, holding)
    for report in reports:
        if report.seen is None and not report.broken:
            observe(Notice(f"warning: node {report.name} does not answer: {report.problem}"))
    unfit = [problem for report in reports for problem in problems(report, versions(), storage)]
    if unfit:
        raise UnavailableError("\n".join(["The cluster is not ready for this study:", *unfit]))


def problems(report: NodeReport, ours: Mapping[str, str], storage: Path) -> list[str]:
    """Why a node cannot take part, each with its remedy; empty where it can, or does not answer.

    Args:
        report: What the node said.
        ours: The driver's versions.
        storage: Which all nodes are to share.
    """
    seen, who = report.seen, f"  node {report.name}"
    if seen is None:
        return [f"{who} cannot run our code: {report.problem}. {_SAME}"] if report.broken else []
    found: list[str] = []
    if seen.storage_problem is not None:
        found.append(f"{who} cannot write to {storage}: {seen.storage_problem}. {_SHARE}")
    elif not (seen.sees_ours and report.we_see_its):
        found.append(f"{who} has another folder at {storage}: it is not shared. {_SHARE}")
    differing = differences(seen.versions, ours)
    if differing:
        found.append(f"{who} has {differing}. {_SAME}")
    return found


def differences(there: Mapping[str, str], ours: Mapping[str, str]) -> str:
    """Which versions differ, for a message; empty where none does."""
    return ", ".join(
        f"{name} {there.get(name)} (the driver: {version})"
        for name, version in ours.items()
        if there.get(name) != version
    )


def unfit_for(folder: Path, ours: Mapping[str, str], patience: float = REACHES_S) -> Unfit | None:
    """On a worker, before its trial begins: why it must not begin here; none where it may.

    Args:
        folder: Of the trial, which the driver has opened.
        ours: The driver's versions.
        patience: Seconds until what the driver has written must be seen here.
    """
    who = f"node {socket.gethostname()} ({ray.util.get_node_ip_address()})"
    differing = differences(versions(), ours)
    if differing:
        return Unfit(f"The {who} has {differing}. {_SAME}")
    deadline = time.monotonic() + patience
    while not TrialFolder(folder).is_open():
        if time.monotonic() > deadline:
            return Unfit(f"The {who} does not see {folder}: the storage is not shared. {_SHARE}")
        time.sleep(_LOOKS_EVERY)
    return None
