"""A machine of its own for a Ray cluster: namespaces of network and processes, which end with the test.

Ray leaves processes behind when its head is killed, and finds clusters by looking at the processes of
its host: neither must reach beyond the test. Needs root.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ADDRESS = "10.78.0.1"
PORT = 6379
PATIENCE_S = 300.0
"""For whatever takes seconds on a machine that has nothing else to do."""

_FIRST_PROCESS = f"""\
set -e
ip link set lo up
ip address add {ADDRESS}/32 dev lo
ip route add default dev lo src {ADDRESS}  # nobody is there, but Ray asks which way it would go
echo ready
read -r _ || true  # until the test ends
"""


@dataclass(frozen=True)
class Island:
    folder: Path
    """Of Ray's session; its name is short, as those of sockets have to be."""
    process: subprocess.Popen[str]
    started: list[subprocess.Popen[bytes]] = field(default_factory=list[subprocess.Popen[bytes]])

    def start(
        self, *command: str | Path, cwd: Path, log: Path, **environment: str
    ) -> subprocess.Popen[bytes]:
        """Begin a command on it."""
        enter = ["nsenter", "-t", str(self._first()), "-n", "-m", "-p", "env", f"--chdir={cwd}"]
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("RAY_", "MLFLOW_"))}
        own = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "RAY_AUTH_MODE": "disabled",
            "OMP_NUM_THREADS": "1",
            "PYTHONUNBUFFERED": "1",
        }
        with log.open("ab") as said:
            process = subprocess.Popen(
                [*enter, *command], env=clean | own | environment, stdin=subprocess.DEVNULL,
                stdout=said, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self.started.append(process)
        return process

    def start_head(self, *flags: str, cpus: int, cwd: Path, **environment: str) -> None:
        """As `ray up` does it: the command ends once the head runs."""
        log = self.folder / "head.log"
        head = self.start(
            "ray", "start", "--head", f"--port={PORT}", f"--node-ip-address={ADDRESS}",
            f"--temp-dir={self.folder / 'ray'}", f"--num-cpus={cpus}", "--include-dashboard=false",
            "--object-store-memory=80000000", "--disable-usage-stats", *flags,
            cwd=cwd, log=log, **environment,
        )  # fmt: skip
        assert head.wait(PATIENCE_S) == 0, log.read_text()

    def kill(self, *programs: str) -> None:
        for program in programs:
            found = self.processes(program)
            assert found, f"no {program} runs"
            for pid in found:
                os.kill(pid, 9)

    def processes(self, program: str) -> list[int]:
        """Their ids, as seen from outside."""
        here = Path(f"/proc/{self._first()}/ns/pid").readlink()
        return [pid for pid in map(int, _numbers()) if _runs(pid, program, here)]

    def _first(self) -> int:
        """The first process on it: the child of ``unshare``."""
        own = self.process.pid
        return int(Path(f"/proc/{own}/task/{own}/children").read_text().split()[0])


@contextmanager
def island() -> Iterator[Island]:
    """An empty one; all that runs on it ends with the block."""
    _require_root()
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))
    flags = ["--net", "--mount", "--pid", "--ipc", "--fork", "--kill-child", "--mount-proc"]
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "unshare", *flags, "bash", "-c", _FIRST_PROCESS],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    found = Island(folder, process)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield found
    finally:
        process.kill()
        process.communicate()
        for started in found.started:
            started.wait()
        shutil.rmtree(folder, ignore_errors=True)


def eventually(there: Callable[[], bool], driver: subprocess.Popen[bytes], log: Path) -> None:
    """Wait while the driver runs."""
    deadline = time.monotonic() + PATIENCE_S
    while not there():
        assert driver.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def _require_root() -> None:
    made = subprocess.run(
        ["unshare", "--net", "--pid", "--fork", "true"], check=False, capture_output=True
    )
    if made.returncode == 0:
        return
    said = f"no machine of its own can be made: {made.stderr.decode().strip()}"
    if "CI" in os.environ:
        pytest.fail(said)
    pytest.skip(f"NOT TESTED: {said}")


def _numbers() -> list[str]:
    return [path.name for path in Path("/proc").glob("[0-9]*")]


def _runs(pid: int, program: str, where: Path) -> bool:
    process = Path(f"/proc/{pid}")
    try:
        name = (process / "comm").read_text().strip()
        state = (process / "stat").read_text().rpartition(")")[2].split()[0]
        return name == program and state != "Z" and (process / "ns/pid").readlink() == where
    except OSError:
        return False  # it has ended meanwhile
