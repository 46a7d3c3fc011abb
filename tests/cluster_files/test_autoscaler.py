"""Ray's own autoscaler, started as on a head, and a cloud that has no spot machines."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cluster_files.shipped import SCRIPTS, launcher

pytestmark = pytest.mark.slow

PATIENCE_S = 180

# In the autoscaler's process. What it makes stays pending: nothing of it is ever reached.
CLOUD = """
import os

import ray
from ray.autoscaler.node_launch_exception import NodeLaunchException
from ray.autoscaler.node_provider import NodeProvider


class Cloud(NodeProvider):
    made = {
        "head": {
            "ray-node-type": "head",
            "ray-user-node-type": "head",
            "ray-node-name": "ray-head",
            "ray-node-status": "up-to-date",
        }
    }

    def create_node(self, node_config, tags, count):
        kind = tags["ray-user-node-type"]
        with open(os.environ["ASKED"], "a") as asked:
            print(kind, count, file=asked)
        if kind == "gpu_spot":
            raise NodeLaunchException("InsufficientInstanceCapacity", "none left", None)
        for _ in range(count):
            self.made[f"machine-{len(self.made)}"] = dict(tags)

    def non_terminated_nodes(self, tag_filters):
        return [n for n, tags in self.made.items() if tag_filters.items() <= tags.items()]

    def is_running(self, node_id):
        return True

    def is_terminated(self, node_id):
        return False

    def node_tags(self, node_id):
        return self.made[node_id]

    def internal_ip(self, node_id):
        here = ray.util.get_node_ip_address()
        return here if node_id == "head" else f"203.0.113.{node_id.removeprefix('machine-')}"

    external_ip = internal_ip

    def set_node_tags(self, node_id, tags):
        self.made[node_id].update(tags)

    def terminate_node(self, node_id):
        del self.made[node_id]
"""

DRIVER = """
import sys, ray

ray.init(address=sys.argv[1], log_to_driver=False)
trial = ray.remote(num_cpus=8, num_gpus=1)(lambda: None)
waiting = [trial.remote() for _ in range(3)]
ray.wait(waiting, num_returns=3)
"""


@contextmanager
def process(
    command: list[str], environment: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A process and what it starts, ended at the end."""
    with log.open("w") as said:
        started = subprocess.Popen(
            command, env=environment, stdout=said, stderr=said, start_new_session=True
        )
    try:
        yield started
    finally:
        if started.poll() is None:
            os.killpg(started.pid, signal.SIGTERM)
        try:
            started.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def head(port: int, folder: Path, sockets: str) -> list[str]:
    """A head's `ray start`, with the shipped types of machines on our cloud."""
    config = launcher("gpu")
    types = config["available_node_types"]
    config |= {
        "available_node_types": {name: {**kind, "node_config": {}} for name, kind in types.items()},
        "provider": {"type": "external", "module": "cloud.Cloud", "disable_node_updaters": True},
        "auth": {"ssh_user": "nobody", "ssh_private_key": "/dev/null"},
        "file_mounts": {},
    }
    path = folder / "autoscaling.yaml"
    path.write_text(json.dumps(config))
    flags = ["--num-cpus=0", "--num-gpus=0", "--include-dashboard=false", "--disable-usage-stats"]
    place = [f"--port={port}", f"--temp-dir={sockets}", f"--autoscaling-config={path}"]
    ray = str(Path(sys.executable).with_name("ray"))
    return [ray, "start", "--head", "--block", "--node-ip-address=127.0.0.1", *place, *flags]


def until(words: str, path: Path, of: subprocess.Popen[bytes]) -> str:
    """What the file says once the words are in it."""
    deadline = time.monotonic() + PATIENCE_S
    while words not in (said := path.read_text() if path.exists() else ""):
        assert time.monotonic() < deadline, said
        assert of.poll() is None, said
        time.sleep(0.5)
    return said


def test_where_spot_is_refused_all_that_waits_is_asked_for_on_demand(tmp_path: Path) -> None:
    (tmp_path / "cloud.py").write_text(CLOUD)
    asked = tmp_path / "asked"
    clean = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")}
    environment = clean | {
        "ASKED": str(asked),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": f"{SCRIPTS}:{tmp_path}",
        "RAY_AUTOSCALER_UTILIZATION_SCORER": "spot_first.score",
        "RAY_enable_autoscaler_v2": "0",
        "RAY_AUTH_MODE": "disabled",
    }
    port = free_port()
    driver = [sys.executable, "-c", DRIVER, f"127.0.0.1:{port}"]
    log = tmp_path / "head.log"
    with (
        tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp") as sockets,  # their names are short
        process(head(port, tmp_path, sockets), environment, log) as ray,
    ):
        until("Ray runtime started", log, ray)
        with process(driver, environment, tmp_path / "driver.log") as waiting:
            said = until("gpu_ondemand", asked, waiting).splitlines()
    assert said[0] == "gpu_spot 3"
    assert said[-1] == "gpu_ondemand 3"
