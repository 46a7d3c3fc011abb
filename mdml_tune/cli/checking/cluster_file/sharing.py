"""Whether all nodes of a launcher file see one storage, and where runs are tracked."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from mdml_tune.cli.checking.checks import Check, problem, warning
from mdml_tune.cli.checking.cluster_file.launcher import SETUP, Launcher
from mdml_tune.cli.checking.cluster_file.mounting import UNKNOWN, in_home, mounted
from mdml_tune.cli.checking.cluster_file.starting import LOOPBACK

SERVER = "cluster/scripts/serve_mlflow.sh"
"""Starts the tracking server on the head, and says there where runs and storage go."""

BY_DEFAULT = "/mnt/mdml/runs"
"""The storage that it names."""

_HOST = re.compile(
    r"\bmlflow (?:server|ui)\b[^\n;&|]*?\s(?:--host|-h)[=\s]+(\S+)|\bMLFLOW_HOST=([^\s;&|]+)"
)
_TESTS = re.compile(r"(?:(?:\btest|\[)\s+-[wdx]|\bmountpoint(?:\s+-q)?)\s+[\"']?(/[\w./-]+)")
_OWN = ("/etc", "/dev", "/usr", "/bin", "/sbin", "/tmp", "/var", "/proc", "/sys", "/run", "/opt")  # noqa: S108 (names to leave out)


def shared_folders(launcher: Launcher) -> set[str]:
    """Folders that all nodes mount from elsewhere, or on machines of one's own look for."""
    return set.intersection(*_by_kind(launcher)) - {UNKNOWN}


def storage(launcher: Launcher) -> Iterator[Check]:
    shared, place = shared_folders(launcher), _storage_of(launcher)
    if not shared:
        yield _none_shared(launcher)
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
        if folder not in in_home(" ".join(launcher.container_options), launcher.home):
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
        for found in _HOST.finditer(command):
            host = (found[1] or found[2]).strip("'\"")
            if host not in LOOPBACK:
                said = f"the MLflow server listens on {host}"
                yield problem(where, said, "write --host 127.0.0.1 and forward the port by ssh")


def _none_shared(launcher: Launcher) -> Check:
    found = _by_kind(launcher)
    if all(found) and any(UNKNOWN in folders for folders in found):
        said = "a folder is mounted from elsewhere, and where to cannot be read here"
        return warning("storage", said, "write out the path that it is mounted at")
    somewhere = sorted(set[str]().union(*found) - {UNKNOWN})
    said = (
        f"{somewhere[0]} is not mounted on all nodes: a study would be refused"
        if somewhere
        else "no command mounts a folder that all nodes share: a study would be refused"
    )
    remedy = "mount one folder on all nodes (EFS, Filestore, NFS) at /mnt/mdml, in initialization_commands"
    return (problem if launcher.is_cloud else warning)("storage", said, remedy)


def _by_kind(launcher: Launcher) -> list[set[str]]:
    """Folders from elsewhere on the head, and on each type of worker."""
    return [
        {folder for said in commands for folder in _from_elsewhere(launcher, said)}
        for commands in launcher.on_each_kind()
    ]


def _from_elsewhere(launcher: Launcher, said: str) -> Iterator[str]:
    yield from mounted(said, launcher.home)
    for path in () if launcher.is_cloud else _TESTS.findall(said):
        if not path.startswith(_OWN):
            yield path.rstrip("/")


def _storage_of(launcher: Launcher) -> str | None:
    found = re.search(r"MDML_STORAGE=[\"']?([^\s\"';]+)", launcher.everything)
    if found:
        return in_home(found[1], launcher.home)
    return BY_DEFAULT if SERVER in launcher.everything else None


RULES = (storage, storage_in_containers, tracking, tracking_server)
