"""Whether all nodes of a launcher file see one storage, and where runs are tracked."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from mdml_tune.cli.checking.checks import Check, problem, warning
from mdml_tune.cli.checking.cluster_file.launcher import SETUP, Launcher
from mdml_tune.cli.checking.cluster_file.lookup import walk
from mdml_tune.cli.checking.cluster_file.starting import LOOPBACK

SERVER = "cluster/scripts/serve_mlflow.sh"
"""Starts the tracking server on the head, and says there where runs and storage go."""

MOUNTER, MOUNTED = "cluster/scripts/mount_shared.sh", "/mnt/mdml"
"""Mounts what it is given, and where."""

BY_DEFAULT = "/mnt/mdml/runs"
"""The storage that it names."""

_MOUNTS = re.compile(
    r"\bmount(?!point)|\bnfs4?\b|\befs\b|\.efs\.|/etc/fstab|lustre|ceph|gluster", re.IGNORECASE
)
_TESTS = re.compile(r"(?:(?:\btest|\[)\s+-[wdx]|\bmountpoint(?:\s+-q)?)\s+[\"']?(/[\w./-]+)")
_PATH = re.compile(r"(?<![\w:/.~$}])(/[\w./-]+)")
_OWN = ("/etc", "/dev", "/usr", "/bin", "/sbin", "/tmp", "/var", "/proc", "/sys", "/run", "/opt")  # noqa: S108 (names to leave out)


def shared_folders(launcher: Launcher) -> set[str]:
    """Folders that commands mount from elsewhere, or on machines of one's own look for."""
    found: set[str] = set()
    for said in _said(launcher):
        if _MOUNTS.search(said):
            found.update(_PATH.findall(said))
        if MOUNTER in said:
            found.add(MOUNTED)
        if not launcher.is_cloud:
            found.update(_TESTS.findall(said))
    return {path.rstrip("/") for path in found if not path.startswith(_OWN) and len(path) > 1}


def storage(launcher: Launcher) -> Iterator[Check]:
    shared, place = shared_folders(launcher), _storage_of(launcher)
    remedy = "mount one folder on all nodes (EFS, Filestore, NFS) at /mnt/mdml, in initialization_commands"
    if not shared:
        said = "no command mounts a folder that all nodes share: a study would be refused"
        make = problem if launcher.is_cloud else warning
        yield make("storage", said, remedy)
    elif place is None:
        said = "nothing says where a study is kept: the default is a folder of the head alone"
        yield warning(
            "MDML_STORAGE", said, f"set it to a folder below {min(shared)}, or give --storage"
        )
    elif not any(PurePosixPath(place).is_relative_to(folder) for folder in shared):
        said = f"{place} is not below a shared folder ({', '.join(sorted(shared))})"
        yield problem("MDML_STORAGE", said, f"set it to a folder below {min(shared)}")


def storage_in_containers(launcher: Launcher) -> Iterator[Check]:
    if not any(True for _ in launcher.images()):
        return
    for folder in sorted(shared_folders(launcher)):
        if not any(folder in option for option in launcher.container_options):
            said = f"{folder} is mounted on the machine, and not given to its container"
            yield problem("docker.run_options", said, f"add -v {folder}:{folder}")


def tracking(launcher: Launcher) -> Iterator[Check]:
    uris = re.findall(r"MLFLOW_TRACKING_URI=[\"']?([^\s\"';]+)", launcher.everything)
    remedy = f"run bash ~/mdml-tune/{SERVER} after ray start, or name a server"
    for uri in uris:
        if uri.startswith("sqlite") or "://" not in uri:
            said = f"{uri} is a file of one node: a study on several is refused"
            yield problem("MLFLOW_TRACKING_URI", said, remedy)
    if not uris and SERVER not in launcher.everything:
        said = "no tracking server is started or named: a study on several nodes is refused without"
        yield warning("MLFLOW_TRACKING_URI", said, remedy)


def tracking_server(launcher: Launcher) -> Iterator[Check]:
    yield from server_hosts(launcher.commands(*SETUP, "head_start_ray_commands"))


def server_hosts(commands: Iterator[tuple[str, str]]) -> Iterator[Check]:
    """MLflow servers that others than the node itself can reach."""
    for where, command in commands:
        for found in re.finditer(r"\bmlflow (?:server|ui)\b[^\n;&|]*?--host[=\s]+(\S+)", command):
            if found[1].strip("'\"") not in LOOPBACK:
                said = f"the MLflow server listens on {found[1]}"
                yield problem(where, said, "write --host 127.0.0.1 and forward the port by ssh")


def _said(launcher: Launcher) -> Iterator[str]:
    """Commands, and what clouds run when a machine starts."""
    yield from (command for _, command in launcher.commands(*SETUP, "head_start_ray_commands"))
    for one in launcher.types:
        for path, value in walk(one.config):
            if isinstance(value, str) and ("UserData" in path or "metadata" in path):
                yield value


def _storage_of(launcher: Launcher) -> str | None:
    found = re.search(r"MDML_STORAGE=[\"']?([^\s\"';]+)", launcher.everything)
    if found:
        return found[1]
    return BY_DEFAULT if SERVER in launcher.everything else None


RULES = (storage, storage_in_containers, tracking, tracking_server)
