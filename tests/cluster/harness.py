"""A cluster of hosts as its user has one: a laptop with a clone, a head, two workers, and a stranger."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hosts import Host, Hosts, hosts_in

CLUSTER = "cluster/onprem.yaml"
PROJECT = Path(__file__).parents[2]

STUDY = """\
study: small
trial:
  data: {dataset: rooms, tasks: [segmentation, depth], train_size: 20, val_size: 4, test_size: 4,
         image_size: [16, 24]}
  network: {kind: unet, width: 4}
  training: {epochs: 60, batch_size: 2}
  mutual:
    weight: {log_uniform: [0.03, 3.0]}
baseline: {seeds: 1}
search:
  trials: 4
  sampler: {kind: random}
confirm: {top: 1, seeds: 1}
resources: {cpus: 1, gpus: 1}
"""

# One logical GPU each, and a dead node is noticed within seconds.
_BASHRC = (
    """export RAY_OVERRIDE_RESOURCES='{"CPU": 1, "GPU": 1}'""",
    "export RAY_health_check_period_ms=1000 RAY_health_check_timeout_ms=3000",
    "export RAY_health_check_failure_threshold=3",
)


@dataclass(frozen=True, slots=True)
class Terminal:
    """A command that runs on the laptop."""

    process: subprocess.Popen[str]
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text()

    def wait(self, timeout: float) -> int:
        """Its exit code."""
        return self.process.wait(timeout)

    def close(self) -> None:
        """As one closes a window."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGHUP)


@dataclass(slots=True)
class Bench:
    """The hosts, and what stands on them."""

    net: Hosts
    laptop: Host
    head: Host
    workers: tuple[Host, Host]
    stranger: Host

    @property
    def nodes(self) -> tuple[Host, ...]:
        return (self.head, *self.workers)

    @property
    def study(self) -> Path:
        """The folder of the study in the shared storage."""
        return self.net.shared / "runs" / "studies" / "small"

    def ray(self, command: str, *, timeout: float = 300.0, check: bool = True) -> str:
        """What `ray ...` says on the laptop, in the clone."""
        return self.laptop.run(f"cd clone && ray {command}", timeout=timeout, check=check)

    def submit(self, arguments: str) -> "Terminal":
        """The user's own command, in a terminal of its own."""
        command = f"cd clone && ray submit {CLUSTER} mdml_tune/search.py -- {arguments}"
        path = self.net.folder / f"terminal-{time.monotonic_ns()}"
        with path.open("w") as log:
            return Terminal(self.laptop.start(command, log), path)

    @contextmanager
    def forwarded(self, *ports: int) -> Iterator[None]:
        """These ports of the head on the laptop's loopback, as soon as ssh has them there."""
        flags = " ".join(f"-p {port}" for port in ports)
        with (self.net.folder / "forwarding").open("w") as log:
            process = self.laptop.start(f"cd clone && ray exec {CLUSTER} {flags} 'sleep 600'", log)
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def host_of(self, trial_key: str) -> str:
        """Who works on a trial, or did last."""
        attempt = self.study / "trials" / trial_key / "attempt.json"
        return json.loads(attempt.read_text())["host"] if attempt.exists() else ""

    def at_work(self) -> dict[str, tuple[str, int]]:
        """By trial key: the host that works on a trial of the search, and how many epochs it has."""
        found: dict[str, tuple[str, int]] = {}
        for path in (self.study / "trials").glob("*/attempt.json"):
            history = path.with_name("history.jsonl")
            if not path.with_name("result.json").exists() and history.exists():
                epochs = len(history.read_text().splitlines())
                found[path.parent.name] = (json.loads(path.read_text())["host"], epochs)
        return found


@contextmanager
def bench_in(folder: Path) -> Iterator[Bench]:
    """The hosts, before `ray up`."""
    with hosts_in(folder) as net:
        laptop = net.add("laptop")
        head, *others = (net.add(name, _BASHRC) for name in ("head", "worker-1", "worker-2"))
        bench = Bench(net, laptop, head, (others[0], others[1]), net.add("stranger"))
        shutil.copy(net.key, laptop.home / ".ssh" / "mdml-tune")
        _clone(laptop.home / "clone")
        _fill_in(laptop.home / "clone" / CLUSTER, bench)
        yield bench


def _clone(where: Path) -> None:
    """What git knows of this tree, as it stands."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    for name in names.splitlines():
        if (PROJECT / name).is_file():
            (where / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, where / name)


def _fill_in(path: Path, bench: Bench) -> None:
    """What a user has to fill in."""
    text = path.read_text()
    for placeholder, value in (
        ("CHANGE-ME-HEAD", bench.head.address),
        ("CHANGE-ME-WORKER-1", bench.workers[0].address),
        ("CHANGE-ME-WORKER-2", bench.workers[1].address),
        ("CHANGE-ME-USER", "root"),
    ):
        assert placeholder in text
        text = text.replace(placeholder, value)
    assert "CHANGE-ME-" not in text.split("# What each step does")[1]
    path.write_text(text)


def environment() -> dict[str, str]:
    """Of a study on this machine, away from any cluster."""
    away = ("RAY_", "MLFLOW_", "MDML_")
    return {name: value for name, value in os.environ.items() if not name.startswith(away)}
