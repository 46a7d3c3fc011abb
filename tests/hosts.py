"""Several hosts on one machine: namespaces with an address, a home and an sshd of their own.

Each host has its own network, processes, hostname, `/tmp`, `/run`, `/dev/shm` and home; what is shared
is the folder that all see as `/mnt/mdml`, as from a file server. Needs root, and Debian's `iproute2`,
`openssh-server` and `rsync`.
"""

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pytest

NEEDED = (
    "ip", "ss", "unshare", "nsenter", "setpriv", "pgrep", "rsync", "ssh", "ssh-keygen",
    "/usr/sbin/sshd", "tmux", "curl", "chromium",
)  # fmt: skip
NETWORK = "10.77.0"

_MORTAL = ("setpriv", "--pdeathsig", "KILL")
"""In front of a command: it dies with the test, even one that is killed."""

_INIT = """\
set -e
read -r _  # until the cable is in
ip link set lo up
ip address add {address}/24 dev eth0
ip link set eth0 up
ip route add default via {gateway}  # nobody is there, but Ray asks which way it would go
hostname {name}
mount -t tmpfs none /dev/shm
mount -t tmpfs none /run && mkdir /run/sshd
mount -t tmpfs none /mnt && mkdir /mnt/home /mnt/mdml /mnt/kept
mount --bind {home} /mnt/home
mount --bind {shared} /mnt/mdml
mount --bind {passwd} /etc/passwd
number=0
for kept in {kept}; do
    number=$((number + 1))
    mkdir /mnt/kept/$number && mount --bind "$kept" /mnt/kept/$number
done
mount -t tmpfs none /tmp && chmod 1777 /tmp
number=0
for kept in {kept}; do
    number=$((number + 1))
    mkdir -p "$kept" && mount --bind /mnt/kept/$number "$kept"
done
cd /mnt/home
/usr/sbin/sshd -D -e -f /mnt/home/.sshd/config 2> /mnt/home/.sshd/log &
echo ready
wait $!
"""

_SSHD = """\
Port 22
ListenAddress {address}
HostKey /mnt/home/.sshd/host_key
PidFile none
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
AuthorizedKeysFile /mnt/home/.ssh/authorized_keys
StrictModes no
Subsystem sftp internal-sftp
"""


def require_hosts() -> None:
    """Skip, loudly, where such hosts cannot be made; in CI that is an error."""
    lacking = [name for name in NEEDED if shutil.which(name) is None]
    if os.geteuid() != 0:
        lacking.append("root")
    if not lacking:
        return
    said = f"no hosts made of namespaces: this machine lacks {', '.join(lacking)}"
    if os.environ.get("CI"):
        pytest.fail(said)
    pytest.skip(said)


@dataclass(slots=True)
class Host:
    name: str
    address: str
    home: Path
    """Its `/mnt/home`, seen from outside."""
    process: subprocess.Popen[str]

    def start(self, command: str, log: IO[str] | int = subprocess.PIPE) -> subprocess.Popen[str]:
        """Begin a command on it, as from its own terminal, in its home.

        Args:
            command: For its shell.
            log: Where what it says goes. A pipe that nobody reads holds whoever says much.
        """
        enter = ["nsenter", "-t", str(self._init()), "-m", "-n", "-p", "-u", "-i", "--"]
        shell = f"cd /mnt/home; source ~/.bashrc; {command}"
        return subprocess.Popen(
            [*enter, "env", "-i", *_environment(), "bash", "-c", shell],
            text=True, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip

    def run(self, command: str, *, timeout: float = 120.0, check: bool = True) -> str:
        """What a command says on it."""
        process = self.start(command)
        try:
            said, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            said, _ = process.communicate()
            raise AssertionError(f"{command} on {self.name} took too long:\n{said}") from None
        if check and process.returncode != 0:
            raise AssertionError(f"{command} on {self.name}: exit {process.returncode}\n{said}")
        return said

    def exit_code(self, command: str, *, timeout: float = 120.0) -> int:
        process = self.start(command)
        process.communicate(timeout=timeout)
        return process.returncode

    def cut(self) -> None:
        """Pull the cable."""
        self.run("ip link set eth0 down")

    def mend(self) -> None:
        self.run("ip link set eth0 up")

    def crash(self) -> None:
        """Everything on it ends at once, as when its power fails."""
        self.process.kill()
        self.process.communicate()

    def _init(self) -> int:
        """The first process of the host: the child of ``unshare``."""
        own = self.process.pid
        return int(Path(f"/proc/{own}/task/{own}/children").read_text().split()[0])


@dataclass(slots=True)
class Hosts:
    """A switch, and the hosts on it."""

    folder: Path
    switch: subprocess.Popen[bytes]
    hosts: dict[str, Host] = field(default_factory=dict[str, Host])

    @property
    def shared(self) -> Path:
        return self.folder / "shared"

    @property
    def key(self) -> Path:
        """The private key that every host lets in."""
        return self.folder / "key"

    def add(self, name: str, bashrc: Sequence[str] = ()) -> Host:
        """Another host; it answers ssh once this returns."""
        address = f"{NETWORK}.{len(self.hosts) + 1}"
        home = self.folder / name
        self._furnish(home, address, bashrc)
        script = _INIT.format(
            address=address, gateway=f"{NETWORK}.254", name=name, home=home, shared=self.shared, passwd=home / ".passwd",
            kept=" ".join(shlex.quote(str(path)) for path in _kept()),
        )  # fmt: skip
        flags = ["--net", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child"]
        process = subprocess.Popen(
            [*_MORTAL, "unshare", *flags, "--mount-proc", "bash", "-c", script],
            text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={"PATH": os.environ["PATH"]}, start_new_session=True,
        )  # fmt: skip
        self._plug_in(process.pid, f"p{len(self.hosts) + 1}")
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ready\n", (home / ".sshd" / "log").read_text()
        self.hosts[name] = Host(name, address, home, process)
        return self.hosts[name]

    def _furnish(self, home: Path, address: str, bashrc: Sequence[str]) -> None:
        (home / ".ssh").mkdir(parents=True, mode=0o700)
        (home / ".sshd").mkdir()
        shutil.copy(self.key.with_suffix(".pub"), home / ".ssh" / "authorized_keys")
        _make_key(home / ".sshd" / "host_key")
        (home / ".sshd" / "config").write_text(_SSHD.format(address=address))
        (home / ".passwd").write_text(
            "root:x:0:0:root:/mnt/home:/bin/bash\nsshd:x:101:65534::/run/sshd:/usr/sbin/nologin\n"
        )
        lines = ["export PATH=/mnt/home/python/bin:$PATH", *bashrc]
        (home / ".bashrc").write_text("\n".join(lines) + "\n")
        (home / ".bash_profile").write_text(". ~/.bashrc\n")
        make_python(home / "python", Path("/mnt/home/python"))

    def _plug_in(self, pid: int, port: str) -> None:
        _wait_for_namespace(pid)
        switch = ["nsenter", "-t", str(self.switch.pid), "-n", "ip", "link"]
        cable = ["add", port, "type", "veth", "peer", "name", "eth0", "netns", str(pid)]
        for command in (cable, ["set", port, "master", "bridge"], ["set", port, "up"]):
            subprocess.run([*switch, *command], check=True, timeout=30)


@contextmanager
def hosts_in(folder: Path) -> Iterator[Hosts]:
    """A network without hosts; all that run on it end with it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "shared").mkdir()
    _make_key(folder / "key")
    switch = subprocess.Popen([*_MORTAL, "unshare", "--net", "sleep", "infinity"])
    found = Hosts(folder, switch)
    try:
        _wait_for_namespace(switch.pid)
        enter = ["nsenter", "-t", str(switch.pid), "-n", "ip", "link"]
        for command in (["add", "bridge", "type", "bridge"], ["set", "bridge", "up"]):
            subprocess.run([*enter, *command], check=True, timeout=30)
        yield found
    finally:
        for host in found.hosts.values():
            host.crash()
        switch.kill()
        switch.wait()


def make_python(folder: Path, seen_at: Path) -> None:
    """A Python of its own that finds our libraries, but not the package under test.

    Args:
        folder: Where it is made.
        seen_at: Where the host sees it.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (ours,) = Path(sys.prefix).glob("lib/python3*/site-packages")
    (theirs,) = folder.glob("lib/python3*/site-packages")
    (theirs / "libraries.pth").write_text(f"{ours}\n")
    for script in Path(sys.prefix, "bin").iterdir():
        if not script.is_file() or script.name.startswith(("python", "mdml")):
            continue
        first, _, rest = script.read_bytes().partition(b"\n")
        if first.startswith(b"#!") and b"python" in first:
            copied = folder / "bin" / script.name
            copied.write_bytes(b"#!%s/bin/python\n%s" % (bytes(seen_at), rest))
            copied.chmod(0o755)


def _environment() -> list[str]:
    return [
        "HOME=/mnt/home",
        "USER=root",
        "TERM=dumb",
        "LANG=C.UTF-8",
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
    ]


def _kept() -> list[Path]:
    """What lies below `/tmp` and has to be seen on a host all the same."""
    prefixes = {Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve()}
    return sorted(path for path in prefixes if path.is_relative_to("/tmp"))  # noqa: S108 (theirs hides it)


def _make_key(path: Path) -> None:
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path]
    subprocess.run(command, check=True, timeout=30)


def _wait_for_namespace(pid: int) -> None:
    """Until the process has left our network."""
    ours = Path("/proc/self/ns/net").readlink()
    for _ in range(1000):
        if Path(f"/proc/{pid}/ns/net").readlink() != ours:
            return
        time.sleep(0.01)
    raise TimeoutError(f"process {pid} has no network of its own")
