"""What a launcher file costs while nobody looks, and what is lost when a machine is taken back."""

import re
from collections.abc import Iterator

from mdml_tune.cli.checking.checks import Check, warning
from mdml_tune.cli.checking.cluster_file import kinds
from mdml_tune.cli.checking.cluster_file.launcher import START, Launcher, NodeType
from mdml_tune.cli.checking.cluster_file.lookup import at, number

SOON = 10.0
"""Minutes within which a machine may still be booting and installing."""


def spot(launcher: Launcher) -> Iterator[Check]:
    head = launcher.head
    workers = [(_bought(one), one, _most(launcher, one)) for one in launcher.workers]
    yield from kinds.spot(None if head is None else (_bought(head), head), workers)


def stopped_nodes(launcher: Launcher) -> Iterator[Check]:
    kept = at(launcher.values, "provider", "cache_stopped_nodes")
    if kept is True or (kept is None and launcher.provider == "aws"):
        said = "idle machines are stopped, not ended: their disks go on costing"
        yield warning("provider.cache_stopped_nodes", said, "write cache_stopped_nodes: false")


def idle_timeout(launcher: Launcher) -> Iterator[Check]:
    if launcher.is_cloud:
        minutes = number(launcher.values, "idle_timeout_minutes")
        yield from kinds.idle_timeout(
            "idle_timeout_minutes", minutes, 5, SOON, f"give {SOON:g} to 15"
        )


def most_workers(launcher: Launcher) -> Iterator[Check]:
    if not launcher.is_cloud:
        return
    most = number(launcher.values, "max_workers")
    own = [number(one.values, "max_workers") or 0 for one in launcher.workers]
    largest = max(own, default=0.0)
    if most is None:
        yield warning("max_workers", "not given: two by default, of all types together", "write it")
    elif most < largest:
        said = f"{most:g} workers at most, though one type alone allows {largest:g}"
        yield warning("max_workers", said, f"write max_workers: {largest:g} or more")


def always_there(launcher: Launcher) -> Iterator[Check]:
    for one in launcher.workers if launcher.is_cloud else ():
        least = number(one.values, "min_workers") or 0
        if least > 0:
            said = f"{least:g} machines cost money until ray down, idle or not"
            yield warning(f"{one.where}.min_workers", said, "write min_workers: 0")


def trials_on_head(launcher: Launcher) -> Iterator[Check]:
    head = launcher.head
    if head is None or not launcher.is_cloud:
        return
    none_by_command = re.search(r"--num-cpus[=\s]+0\b", launcher.said(START[0]))
    if (head.cpus == 0 or none_by_command) and not head.gpus:
        return
    yield kinds.trials_on_head(f"{head.where}.resources", "write resources: {CPU: 0, GPU: 0}")


def unsaid_resources(launcher: Launcher) -> Iterator[Check]:
    for one in launcher.workers if launcher.is_cloud else ():
        if one.cpus is None:
            said = "how many CPUs it has is not written: nothing can be told before money is spent"
            yield warning(f"{one.where}.resources", said, "write resources: {CPU: ..., GPU: ...}")


def _bought(one: NodeType) -> str:
    return f"{one.where}.node_config"


def _most(launcher: Launcher, one: NodeType) -> float:
    most = number(one.values, "max_workers")
    return (number(launcher.values, "max_workers") or 2) if most is None else most


RULES = (
    spot,
    stopped_nodes,
    idle_timeout,
    most_workers,
    always_there,
    trials_on_head,
    unsaid_resources,
)
