"""The doctor looks at every node of a cluster."""

from collections.abc import Mapping
from pathlib import Path

from mdml_tune.cli.checking.checks import Check, ok, problem, warning
from mdml_tune.cli.checking.machine_checks import FEWEST_FILES
from mdml_tune.tuning.nodes import NodeReport, Seen, probe_nodes, versions

SKEWED = 2.0
"""Seconds between two clocks that make times in MLflow hard to read."""

TOO_SKEWED = 20.0
"""Seconds between two clocks at which a living process may be taken for dead: its locks are judged
by the time of its last sign of life."""


def nodes(storage: Path) -> list[Check]:
    """What each node of the joined cluster sees, a line or more for each."""
    ours = versions()
    return [
        check for report in probe_nodes(storage) for check in node_checks(report, ours, storage)
    ]


def node_checks(report: NodeReport, ours: Mapping[str, str], storage: Path) -> list[Check]:
    """What one node's answer means.

    Args:
        report: Of the node.
        ours: The driver's versions.
        storage: Which all nodes are to share.
    """
    what = f"node {report.name}"
    if report.seen is None:
        return [_without_answer(what, report)]
    found = [
        *_storage(what, report, report.seen, storage),
        *_versions(what, report.seen, ours),
        *_clock(what, report.skew_s),
        *_files(what, report.seen.open_files),
    ]
    return found or [ok(what, "shares the storage, has our versions and our time")]


def _without_answer(what: str, report: NodeReport) -> Check:
    if report.broken:
        remedy = "install the same there as here (ray up again, which runs the setup commands)"
        return problem(what, f"cannot run our code: {report.problem}", remedy)
    remedy = "look at it (ray status), or take it out of the cluster"
    return problem(what, f"does not answer: {report.problem}", remedy)


def _storage(what: str, report: NodeReport, seen: Seen, storage: Path) -> list[Check]:
    mount = "mount one folder at the same path on all nodes, and name it with --storage"
    if seen.storage_problem is not None:
        return [problem(what, f"cannot write to {storage}: {seen.storage_problem}", mount)]
    if not (seen.sees_ours and report.we_see_its):
        return [problem(what, f"{storage} is another folder there", mount)]
    return []


def _versions(what: str, seen: Seen, ours: Mapping[str, str]) -> list[Check]:
    other = [
        f"{name} {seen.versions.get(name)} (here {version})"
        for name, version in ours.items()
        if seen.versions.get(name) != version
    ]
    remedy = "install the same everywhere: trials are compared with each other"
    return [problem(what, f"has {', '.join(other)}", remedy)] if other else []


def _clock(what: str, skew_s: float) -> list[Check]:
    said, remedy = f"its clock is {skew_s:.0f} s apart", "synchronise the clocks (NTP, chrony)"
    if skew_s >= TOO_SKEWED:
        return [problem(what, said, remedy)]
    return [warning(what, said, remedy)] if skew_s >= SKEWED else []


def _files(what: str, limit: int) -> list[Check]:
    if limit >= FEWEST_FILES:
        return []
    return [warning(what, f"opens at most {limit} files", "raise the limit: ulimit -n 65536")]
