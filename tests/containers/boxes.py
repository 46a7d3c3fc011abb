"""Containers without an engine: the services of compose.yaml in namespaces.

A box has its own network, processes and files. Its root is read-only and holds this machine's
programs; volumes, tmpfs and sizes are those that the service asks for; it runs as the image's user,
without capabilities and unable to gain any. So a service that works here needs nothing of what
compose.yaml takes from it.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from containers.box import Box, run
from containers.composed import Service
from containers.root import POSTGRES, USERS, script

REPLACED = {
    "the image's Python, and what is installed there": f"{sys.prefix}, the clone editable in it",
    "/opt/mdml of the image": "the same files from docker/ of the clone",
    "the image postgres:17": "Debian's PostgreSQL, and root.FIRST_START for its entrypoint",
    "Docker's name server": "an /etc/hosts with the services of the same networks",
    "limits of CPU and memory, seccomp": "nothing",
}
"""All that differs from what an engine would run. Commands, environments, host names, addresses
listened at, ports, paths, users, volumes, tmpfs, networks and health checks are compose.yaml's."""

PROGRAMS = {
    "chroot": "coreutils",
    "ip": "iproute2",
    "mount": "mount",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "tini": "tini",
    "unshare": "util-linux",
    "wget": "wget",
}
"""What a box is made with and what the image has, and which Debian package has it."""

PATIENCE_S = 600
"""For what takes seconds on a machine that does nothing else."""


def need_programs() -> None:
    """Skip, loudly, where a program is missing or namespaces are not ours to make; in CI fail."""
    lacking = lacking_programs()
    problem = "no services in namespaces: "
    if lacking:
        packages = " ".join(sorted(set(lacking.values())))
        problem += f"this machine lacks {', '.join(lacking)}; apt-get install {packages}"
    elif subprocess.run(["unshare", "--mount", "--net", "true"], check=False).returncode != 0:
        problem += "this user may make none; run as root, in a container with its capabilities"
    else:
        return
    pytest.fail(problem) if os.environ.get("CI") else pytest.skip(problem)


def lacking_programs() -> dict[str, str]:
    """Program -> the Debian package that has it."""
    lacking = {name: package for name, package in PROGRAMS.items() if shutil.which(name) is None}
    return lacking if POSTGRES else {**lacking, "initdb": "postgresql"}


@dataclass
class Boxes:
    """The networks, volumes and services of one compose file."""

    folder: Path
    services: Mapping[str, Service]
    internal: Mapping[str, bool]
    """By network: whether no way leads out of it."""

    spaces: list[str] = field(default_factory=list[str])
    running: list[Box] = field(default_factory=list[Box])

    def __post_init__(self) -> None:
        self.networks = sorted(self.internal)
        self.switch = self._space("switch")
        for number in range(len(self.networks)):
            run("ip", "-n", self.switch, "link", "add", f"net{number}", "type", "bridge")
            run("ip", "-n", self.switch, "link", "set", f"net{number}", "up")

    def _space(self, name: str) -> str:
        space = f"box{os.getpid()}-{name}"
        run("ip", "netns", "add", space)
        self.spaces.append(space)
        run("ip", "-n", space, "link", "set", "lo", "up")
        return space

    def start(self, name: str, command: Sequence[str] | None = None, **environment: str) -> Box:
        """``docker compose up NAME``, or ``run -e NAME=VALUE NAME COMMAND``, without dependencies."""
        service = self.services[name]
        said = {**service.said, "environment": {**service.said["environment"], **environment}}
        if command is not None:
            said["command"] = list(command)
        service = Service(name, said, service.image)
        folder = self.folder / f"{name}-{len(self.spaces)}"
        folder.mkdir(parents=True)
        space = self._connected(service)
        volumes = [(self.volume(source), *rest) for source, *rest in service.mounts]
        made = folder / "box.sh"
        made.write_text(script(service, folder, self._hosts(service), volumes))
        log = folder / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                ["ip", "netns", "exec", space, "unshare", "--mount", "--pid",
                 "--ipc", "--fork", "--kill-child", "bash", str(made)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )  # fmt: skip
        box = Box(service, process, log, space)
        self.running.append(box)
        box.wait_made()
        return box

    def wait_healthy(self, name: str) -> Box:
        """Until the service answers; meanwhile who ends is started again."""
        end = time.monotonic() + PATIENCE_S
        while not (box := self.box(name)).healthy:
            assert time.monotonic() < end, "\n\n".join(other.said[-3000:] for other in self.running)
            self._restart()
            time.sleep(0.2)
        return box

    def _restart(self) -> None:
        """What ``restart: unless-stopped`` does: Ray gives up where a slow machine keeps it waiting."""
        for box in list(self.running):
            if box.process.poll() is not None and box.service.said.get("restart"):
                self.remove(box)
                self.start(box.service.name)

    def box(self, name: str) -> Box:
        """The one of that service that was started last."""
        return next(box for box in reversed(self.running) if box.service.name == name)

    def remove(self, box: Box) -> None:
        """``docker rm --force``: its address is free again."""
        box.kill()
        self.running.remove(box)
        run("ip", "netns", "delete", box.space)

    def address(self, name: str, network: str) -> str:
        return f"10.77.{self.networks.index(network)}.{10 + list(self.services).index(name)}"

    def _hosts(self, service: Service) -> str:
        """Whom it can call by name: who shares a network with it."""
        return "127.0.0.1 localhost\n" + "".join(
            f"{self.address(name, network)} {name}\n"
            for network in service.said["networks"]
            for name, other in self.services.items()
            if network in other.said["networks"]
        )

    def _connected(self, service: Service) -> str:
        """A network namespace with one link into each of the service's networks."""
        place = len(self.spaces)
        space = self._space(f"{service.name}-{place}")
        for network in service.said["networks"]:
            number, port = self.networks.index(network), f"p{place}{network[:8]}"
            link = f"eth{number}"
            run("ip", "-n", space, "link", "add", link, "type", "veth",
                 "peer", "name", port, "netns", self.switch)  # fmt: skip
            run("ip", "-n", self.switch, "link", "set", port, "master", f"net{number}", "up")
            address = f"{self.address(service.name, network)}/24"
            run("ip", "-n", space, "address", "add", address, "dev", link)
            run("ip", "-n", space, "link", "set", link, "up")
            if not self.internal[network]:
                run("ip", "-n", space, "route", "add", "default", "dev", link)
        return space

    def volume(self, source: str) -> Path:
        """The folder of a volume; a fresh one takes its owner from the image's folder."""
        if source.startswith("/"):
            return Path(source)
        folder = self.folder / "volumes" / source
        if not folder.exists():
            folder.mkdir(parents=True)
            user = USERS["postgres" if source == "database" else "mdml"]
            os.chown(folder, user, user)
        return folder

    def close(self) -> None:
        for box in list(self.running):
            self.remove(box)
        run("ip", "netns", "delete", self.switch)
