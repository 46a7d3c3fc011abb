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

PATIENCE_S = 300
"""For what takes a moment on a machine that does nothing else."""


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE_S)


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
        end = time.monotonic() + PATIENCE_S
        while True:
            assert self.process.poll() is None, f"{self.service.name} ended:\n{self.said}"
            assert time.monotonic() < end, self.said
            with contextlib.suppress(IndexError, FileNotFoundError):
                if Path(f"/proc/{self.init}/root").readlink() != Path("/"):
                    return
            time.sleep(0.02)

    def call(
        self, *command: str, timeout: float = PATIENCE_S, **environment: str
    ) -> tuple[int, str]:
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

    def ask_to_stop(self) -> None:
        """What ``docker compose stop`` does first, with the signal that the image names."""
        os.kill(self.init, signal.SIGTERM if self.service.ours else signal.SIGINT)

    def kill(self) -> None:
        """All of it: the kernel ends every process of a namespace with its first."""
        self.process.kill()
        self.process.wait(PATIENCE_S)
