"""The Ray cluster that this host is a part of, found without being told its address."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mdml_tune.errors import UnavailableError

DETECT = "detect"
"""As an address: the cluster of this host, or else this machine alone."""

PROCESSES = Path("/proc")

AUTHENTICATION = "RAY_AUTH_MODE"

_FLAG = re.compile(r"--[^=]+=")

_STARTED = "ray_current_cluster"
"""Where `ray start` notes the address; a session of a single program leaves no such note."""


@dataclass(frozen=True, slots=True)
class Process:
    flags: Mapping[str, str]
    """``--name=value`` on its command line."""
    folder: Path
    """In ``/proc``."""

    def variable(self, name: str) -> str | None:
        """Of its environment."""
        for entry in (self.folder / "environ").read_bytes().decode(errors="replace").split("\0"):
            if entry.startswith(f"{name}="):
                return entry.partition("=")[2]
        return None


def resolved(address: str | None) -> str | None:
    """``address``, with ``detect`` replaced by what it stands for.

    Raises:
        UnavailableError: It is ``detect``, and this host belongs to several clusters.
    """
    if address != DETECT:
        return address
    found = cluster_of_this_host()
    if found is None:
        return None
    address, mode = found
    if mode is not None:
        # Whether a cluster asks for a token is settled where it is started; Ray must be told before
        # it is imported.
        os.environ.setdefault(AUTHENTICATION, mode)
    return address


def cluster_of_this_host(processes: Path = PROCESSES) -> tuple[str, str | None] | None:
    """The cluster that `ray start` made this host a part of; none where it did not.

    ``ray.init(address="auto")`` would also join the private session of whatever program runs here.
    Only clusters of this user are found, and none where there is no ``/proc``.

    Returns:
        Its address, and its mode of authentication where it has one.

    Raises:
        UnavailableError: There are several.
    """
    found = dict(_started(processes))
    if len(found) > 1:
        raise UnavailableError(
            f"This host belongs to {len(found)} Ray clusters: {', '.join(sorted(found))}. Say which "
            f"one is meant (--address {min(found)}), or use this machine alone (--address local)."
        )
    return next(iter(found.items()), None)


def processes_here(program: str, processes: Path = PROCESSES) -> Iterator[Process]:
    """This user's processes on this host that run ``program``."""
    for folder in processes.glob("[0-9]*"):
        try:
            if not _is_here(folder, processes):
                continue
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue  # it has ended meanwhile, or is another user's
        # A Python program is named after its interpreter.
        first = words[1:3] if program.endswith(".py") else words[:1]
        if program in {Path(word).name for word in first}:
            flags = dict(word[2:].split("=", 1) for word in words if _FLAG.match(word))
            yield Process(flags, folder)


def _started(processes: Path) -> Iterator[tuple[str, str | None]]:
    """Addresses of the clusters whose raylets run here, and how they authenticate."""
    for raylet in processes_here("raylet", processes):
        address, temporary = raylet.flags.get("gcs-address"), raylet.flags.get("temp_dir")
        if address is None or temporary is None:
            continue  # something else of that name
        with suppress(OSError):  # no such note, or the raylet has ended meanwhile
            if (Path(temporary) / _STARTED).read_text(encoding="utf-8").strip() == address:
                yield address, raylet.variable(AUTHENTICATION)


def _is_here(folder: Path, processes: Path) -> bool:
    """Whether it has our network: containers of one machine are hosts of their own."""
    return (folder / "ns/net").readlink() == (processes / "self/ns/net").readlink()
