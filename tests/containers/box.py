"""One running service: called into, stopped, killed."""

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from containers.composed import Service
from containers.root import user_of


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60)


@dataclass
class Box:
    service: Service
    process: subprocess.Popen[bytes]
    log: Path
    space: str
    """Its network namespace."""

    @property
    def init(self) -> int:
        """The process that is number one in the box."""
        pid = self.process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    def wait_made(self) -> None:
        """Until the first process has its own root: before that, calls would land in ours."""
        end = time.monotonic() + 30
        while True:
            assert self.process.poll() is None, f"{self.service.name} ended:\n{self.said}"
            assert time.monotonic() < end, self.said
            with contextlib.suppress(IndexError, FileNotFoundError):
                if Path(f"/proc/{self.init}/root").readlink() != Path("/"):
                    return
            time.sleep(0.02)

    def call(self, *command: str, timeout: float = 60, **environment: str) -> tuple[int, str]:
        """``docker compose exec``: as the same user, with the same environment; code and output."""
        done = subprocess.run(
            ["nsenter", f"--target={self.init}", "--all", "--root", "--wd", *user_of(self.service),
             *(f"{name}={value}" for name, value in environment.items()), *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=timeout,
        )  # fmt: skip
        return done.returncode, done.stdout

    @property
    def healthy(self) -> bool:
        return self.process.poll() is None and self.call(*self.service.check)[0] == 0

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def stop(self, timeout: float) -> int:
        """``docker compose stop``: asked to end, in the time that it has; the exit code."""
        os.kill(self.init, signal.SIGTERM)
        return self.process.wait(timeout)

    def kill(self) -> None:
        """All of it: the kernel ends every process of a namespace with its first."""
        self.process.kill()
        self.process.wait(30)
