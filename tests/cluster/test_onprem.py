"""The user's own commands, against hosts with addresses, processes and homes of their own.

One test, because a cluster takes a minute to come up: a user's day on it, step by step.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest
from chaos.harness import Runs
from cluster.harness import CLUSTER, STUDY, Bench, bench_in, environment
from hosts import Host, require_hosts

pytestmark = [pytest.mark.slow, pytest.mark.longest]

PATIENCE_S = 600
REFUSED, NO_SSH = 7, 255
"""Exit codes of curl and ssh."""

_LOOK = """\
import sys
from playwright.sync_api import sync_playwright

user, password = sys.argv[1:]
with sync_playwright() as play:
    browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
    page = browser.new_page(http_credentials={"username": user, "password": password})
    page.goto("http://127.0.0.1:5000/#/experiments")
    page.get_by_text("small", exact=True).first.wait_for(timeout=120000)
    page.screenshot(path="mlflow.png")
    print(page.inner_text("body"))
    browser.close()
"""
"""What somebody on the laptop sees of MLflow."""

CUT_S = 20
"""Longer than a node may be silent before it counts as dead."""


@dataclass
class Calm:
    """The same study on this machine alone, undisturbed; it runs beside the first test."""

    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def ranked(self) -> pd.DataFrame:
        assert self.process.wait(PATIENCE_S) == 0, (self.folder / "log").read_text()
        return _ranked(self.folder / "mdml_runs" / "studies" / "small" / "results" / "ranked.csv")


@dataclass
class Watched:
    """A study that runs on the cluster, as seen from its shared folder."""

    bench: Bench
    hosts: set[str] = field(default_factory=set[str])
    """Where trials have been seen."""

    def wait_for(self, there: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not there():
            self.hosts |= {host for host, _ in self.bench.at_work().values()}
            assert time.monotonic() < deadline, f"waited in vain for {what}: {self.bench.at_work()}"
            time.sleep(0.1)

    def trial_on(self, host: Host, epochs: int) -> str:
        """A trial that works on the host and has so many epochs; waited for."""

        def found() -> list[str]:
            at_work = self.bench.at_work().items()
            return [key for key, (name, done) in at_work if name == host.name and done >= epochs]

        self.wait_for(lambda: bool(found()), f"a trial on {host.name}")
        return found()[0]


@pytest.fixture
def calm(tmp_path: Path) -> Iterator[Calm]:
    folder = tmp_path / "calm"
    folder.mkdir()
    (folder / "small.yaml").write_text(STUDY)
    command = [
        sys.executable,
        "-m",
        "mdml_tune",
        "search",
        "small.yaml",
        "--set",
        "resources.gpus=0",
    ]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment(), stdout=log, stderr=subprocess.STDOUT
        )
    yield Calm(folder, process)
    process.kill()
    process.wait()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    require_hosts()
    with bench_in(tmp_path / "net") as found:
        yield found


def test_a_day_on_a_cluster(bench: Bench, calm: Calm) -> None:
    come_up(bench)
    every_node_joins(bench)
    the_doctor_finds_nothing_to_mend(bench)
    the_same_result_though_a_node_a_link_and_the_driver_fail(bench, calm)
    mlflow_holds_each_value_once(bench, calm)
    the_status_file_says_how_it_ended(bench)
    mlflow_and_dashboard_are_reached_through_forwarded_ports(bench)
    nobody_else_gets_in(bench)
    what_is_not_shared_is_refused(bench)
    a_file_is_no_tracking_store_for_several_nodes(bench)
    ray_job_submit_runs_it_too(bench)
    a_terminal_that_is_closed_takes_nothing_with_it(bench)
    the_cluster_goes_down(bench)


def come_up(bench: Bench) -> None:
    bench.laptop.run("bash clone/cluster/scripts/install.sh", timeout=300)
    bench.laptop.run("ray get-auth-token --generate && chmod 600 ~/.ray/auth_token")
    for attempt in range(3):  # a busy machine: Ray gives each of its processes half a minute
        said = bench.ray(f"up -y {CLUSTER}", timeout=400, check=attempt == 2)
        if "Failed to setup head node" not in said:
            break


def every_node_joins(bench: Bench) -> None:
    deadline = time.monotonic() + PATIENCE_S
    counting = 'python -c \'import ray; ray.init("auto"); print("nodes:", len(ray.nodes()))\''
    while "nodes: 3" not in (said := bench.head.run(counting, check=False)):
        assert time.monotonic() < deadline, said + bench.head.run("ray status", check=False)
        time.sleep(1)


def the_doctor_finds_nothing_to_mend(bench: Bench) -> None:
    asked = f"cd clone && mdml-tune doctor --cluster {CLUSTER}"
    said = bench.laptop.run(asked, check=False)
    assert "PROBLEM" not in said, said
    asked = "mdml-tune doctor --address auto"
    said = bench.head.run(asked, check=False)
    assert "PROBLEM" not in said, said


def the_same_result_though_a_node_a_link_and_the_driver_fail(bench: Bench, calm: Calm) -> None:
    (bench.laptop.home / "clone" / "small.yaml").write_text(STUDY)
    bench.ray(f"rsync-up {CLUSTER} small.yaml '~/small.yaml'")
    first, second = bench.workers
    watched = Watched(bench)
    terminal = bench.submit("small.yaml")
    try:
        # A worker's raylet is killed: its trial goes on elsewhere, from its checkpoint.
        key = watched.trial_on(first, epochs=2)
        trial = bench.study / "trials" / key
        latest = trial / "checkpoints" / "LATEST"
        watched.wait_for(latest.exists, "a checkpoint")
        saved = json.loads(latest.read_text())["epoch"]
        before = (trial / "history.jsonl").read_text().splitlines()[:saved]
        first.run("kill -9 $(pgrep -x raylet)")
        # The other one's cable is pulled for longer than a node may be silent.
        watched.trial_on(second, epochs=2)
        second.cut()
        cut = time.monotonic()
        watched.wait_for(
            lambda: bench.host_of(key) not in {"", first.name}, "the dead node's trial elsewhere"
        )
        watched.wait_for(lambda: time.monotonic() > cut + CUT_S, "the time to pass")
        second.mend()
        # The driver is killed.
        lock = json.loads((bench.study / "LOCK").read_text())
        bench.head.run(f"kill -9 {lock['pid']}")
        assert terminal.wait(PATIENCE_S) != 0, terminal.said
    finally:
        terminal.close()
    # The same command goes on.
    terminal = bench.submit("small.yaml")
    watched.wait_for(lambda: terminal.process.poll() is not None, "the end of the study")
    assert terminal.wait(0) == 0, terminal.said
    assert watched.hosts == {host.name for host in bench.nodes}
    after = (trial / "history.jsonl").read_text().splitlines()
    assert saved > 0
    assert after[:saved] == before, "what had been trained was trained again"
    pd.testing.assert_frame_equal(_fetched(bench), calm.ranked, check_exact=True)


def mlflow_holds_each_value_once(bench: Bench, calm: Calm) -> None:
    there = Runs.of(f"sqlite:///{bench.head.home}/.mdml-tune/mlflow/mlflow.db")
    alone = Runs.of(f"sqlite:///{calm.folder}/mlflow.db")
    assert there.statuses == alone.statuses
    assert there.metrics == alone.metrics


def the_status_file_says_how_it_ended(bench: Bench) -> None:
    status = json.loads((bench.study / "status.json").read_text())
    assert (status["state"], status["exit_code"]) == ("done", 0)


def mlflow_and_dashboard_are_reached_through_forwarded_ports(bench: Bench) -> None:
    asking = "curl -s -o /dev/null -w '%{{http_code}}' {more} http://127.0.0.1:{path}"

    def answer(path: str, more: str = "") -> str:
        return bench.laptop.run(asking.format(path=path, more=more), check=False)[-3:]

    with bench.forwarded(5000, 8265):
        _wait(lambda: answer("5000/health") == "200")
        said = bench.ray(f"exec {CLUSTER} 'grep MLFLOW_TRACKING_ ~/.mdml-tune/environment'")
        told = [line.split()[-1] for line in said.splitlines() if "export MLFLOW_" in line]
        values = dict(line.split("=", 1) for line in told)
        user, password = values["MLFLOW_TRACKING_USERNAME"], values["MLFLOW_TRACKING_PASSWORD"]
        experiment = "5000/api/2.0/mlflow/experiments/get-by-name?experiment_name=small"
        assert answer(experiment) == "401"
        assert answer(experiment, "-u admin:wrong") == "401"
        assert answer(experiment, f"-u {user}:{password}") == "200"
        bench.laptop.home.joinpath("look.py").write_text(_LOOK)
        assert "small" in bench.laptop.run(f"python look.py {user} {password}")
        assert answer("8265/api/jobs/") == "401"
        bearer = '-H "Authorization: Bearer $(cat ~/.ray/auth_token)"'
        assert answer("8265/api/jobs/", bearer) == "200"


def nobody_else_gets_in(bench: Bench) -> None:
    stranger, head = bench.stranger, bench.head.address
    for port in (5000, 8265):
        assert stranger.exit_code(f"curl -s -m 5 http://{head}:{port}/") == REFUSED, port
    for node in bench.nodes:
        for port in _open_ports(node):
            said = stranger.run(f"curl -s -m 5 http://{node.address}:{port}/", check=False)
            # What is left open counts things (Prometheus); gRPC and ssh do not speak HTTP.
            harmless = said == "" or said.startswith(("# HELP", "SSH-2.0", "Unauthorized"))
            assert harmless, (node.name, port, said)
    ways = (
        f"python -c 'import ray; ray.init(\"{head}:6379\")'",
        f"python -c 'import ray; ray.init(\"ray://{head}:10001\")'",
        f"ray start --address={head}:6379",
        f"ray status --address={head}:6379",
    )
    tried = {
        f"{token} {way}": stranger.start(f"{token} timeout 90 {way}")
        for token in ("", "RAY_AUTH_MODE=token RAY_AUTH_TOKEN=wrong")
        for way in ways
    }  # side by side: Ray asks again and again
    for way, process in tried.items():
        said, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode != 0, (way, said)
    knocking = f"ssh -o BatchMode=yes -o StrictHostKeyChecking=no {head} true"
    assert stranger.exit_code(knocking) == NO_SSH


def what_is_not_shared_is_refused(bench: Bench) -> None:
    terminal = bench.submit("small.yaml --name private --storage /mnt/home/private")
    assert terminal.wait(PATIENCE_S) != 0
    assert "not shared" in terminal.said, terminal.said
    assert not list((bench.head.home / "private").rglob("history.jsonl")), "something was trained"


def a_file_is_no_tracking_store_for_several_nodes(bench: Bench) -> None:
    terminal = bench.submit("small.yaml --name file --tracking-uri sqlite:///mlflow.db")
    assert terminal.wait(PATIENCE_S) != 0
    assert "several nodes" in terminal.said, terminal.said


def ray_job_submit_runs_it_too(bench: Bench) -> None:
    with bench.forwarded(8265):
        _wait(lambda: bench.laptop.exit_code("curl -s -o /dev/null http://127.0.0.1:8265/") == 0)
        command = ". ~/.mdml-tune/environment; cd; mdml-tune search small.yaml --address auto"
        said = bench.laptop.run(
            "RAY_AUTH_MODE=token ray job submit --address http://127.0.0.1:8265"
            f' -- bash -c "{command}"',
            timeout=PATIENCE_S,
        )
    assert "succeeded" in said, said


def a_terminal_that_is_closed_takes_nothing_with_it(bench: Bench) -> None:
    said = bench.ray(
        f"submit {CLUSTER} --tmux mdml_tune/search.py -- small.yaml --name far --set search.trials=1 --set confirm.top=0"
    )
    status = bench.net.shared / "runs" / "studies" / "far" / "status.json"

    def state() -> str:
        return json.loads(status.read_text())["state"] if status.exists() else said

    _wait(lambda: state() == "done")


def the_cluster_goes_down(bench: Bench) -> None:
    bench.ray(f"down -y {CLUSTER}")
    for node in bench.nodes:
        _wait(lambda node=node: node.run("pgrep -x raylet || true").strip() == "")


def _open_ports(host: Host) -> list[int]:
    """Where anybody can knock."""
    listening = [line.split()[3].rsplit(":", 1) for line in host.run("ss -Htln").splitlines()]
    return [int(port) for at, port in listening if not at.startswith(("127.", "[::1]"))]


def _fetched(bench: Bench) -> pd.DataFrame:
    """The ranking on the laptop."""
    remote = "/mnt/mdml/runs/studies/small/results/ranked.csv"
    bench.ray(f"rsync-down {CLUSTER} {remote} ranked.csv")
    return _ranked(bench.laptop.home / "clone" / "ranked.csv")


def _ranked(path: Path) -> pd.DataFrame:
    return pd.read_csv(path).drop(columns=["gpu_hours", "mlflow_run_ids"])


def _wait(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.5)
