"""Every service of docker/compose.yaml at work: its own command line, and a study through them all.

One test, because the services take a minute to come up: their life, step by step.
"""

import base64
import csv
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from containers.box import Box
from containers.boxes import PATIENCE_S, Boxes, need_programs
from containers.composed import ROOT, internal, services

pytestmark = pytest.mark.slow

SECRETS = {
    "MDML_POSTGRES_PASSWORD": "canary database: any sign $ / @ may stand here",
    "MDML_MLFLOW_PASSWORD": "canary-of-the-tracking-server",
    "MDML_MLFLOW_SECRET_KEY": "canary-of-the-session-cookies",
    "MDML_RAY_TOKEN": "canary-of-the-ray-cluster-0123456789",
}

CANARIES = [secret.encode() for secret in SECRETS.values()]

STUDY = """\
study: tiny
trial:
  data: {dataset: rooms, tasks: [segmentation, depth], train_size: 4, val_size: 2, test_size: 2,
         image_size: [16, 24]}
  network: {kind: unet, width: 4}
  training: {epochs: 1, batch_size: 2}
  mutual: {weight: {log_uniform: [0.03, 3.0]}}
baseline: {seeds: 1}
search: {trials: 1, sampler: {kind: random}, early_stopping: null}
confirm: {top: 1, seeds: 1}
"""
TRAININGS = 2 + 1 + 1

STATUS = """
import sys, urllib.error, urllib.request
request = urllib.request.Request(sys.argv[1], headers=dict(at.split("=", 1) for at in sys.argv[2:]))
try:
    print(urllib.request.urlopen(request, timeout=120).status)
except urllib.error.HTTPError as error:
    print(error.code)
"""

CONNECT = (
    "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=10)"
)

KILL_HEAD = """
import os, pathlib, signal
for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
    if pathlib.Path(entry.read_bytes().split(b"\\0")[0].decode()).name == "gcs_server":
        os.kill(int(entry.parent.name), signal.SIGKILL)
"""


@pytest.fixture
def boxes() -> Iterator[Boxes]:
    need_programs()
    folder = Path(tempfile.mkdtemp(prefix="boxes"))
    folder.chmod(0o755)  # the services' users reach their volumes through it
    (folder / "studies").mkdir()
    (folder / "studies" / "tiny.yaml").write_text(STUDY)
    variables = {
        **SECRETS,
        "MDML_STUDIES": str(folder / "studies"),
        "MDML_WORKER_CPUS": "1",
    }
    made = Boxes(folder, services(variables), internal(variables))
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(folder)


def test_the_life_of_the_services(boxes: Boxes) -> None:
    they_come_up(boxes)
    mlflow_asks_for_a_password_and_answers_to_its_own_names_alone(boxes)
    ray_admits_nobody_without_the_token(boxes)
    the_database_is_out_of_the_workers_reach(boxes)
    a_search_ends_with_the_head_which_is_started_again(boxes)
    the_same_search_goes_on_and_stands_in_mlflow(boxes)
    no_secret_has_been_left_anywhere(boxes)
    every_service_ends_when_it_is_told_to(boxes)


def they_come_up(boxes: Boxes) -> None:
    """In the order of ``depends_on``; what does not wait for each other side by side."""
    boxes.start("postgres")
    boxes.start("head")
    boxes.wait_healthy("postgres")
    boxes.start("mlflow")
    boxes.wait_healthy("head")
    boxes.start("worker")
    boxes.wait_healthy("worker")
    boxes.wait_healthy("mlflow")


def status(box: Box, url: str, **headers: str) -> str:
    """Of a GET from within a service."""
    given = [f"{name}={value}" for name, value in headers.items()]
    code, said = box.call("python", "-c", STATUS, url, *given)
    assert code == 0, said
    return said.strip()


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"admin:{password}".encode()).decode()


EXPERIMENTS = "http://mlflow:5000/api/2.0/mlflow/experiments/search?max_results=1"


def mlflow_asks_for_a_password_and_answers_to_its_own_names_alone(boxes: Boxes) -> None:
    right = basic(SECRETS["MDML_MLFLOW_PASSWORD"])
    assert status(boxes.box("head"), EXPERIMENTS) == "401"
    assert status(boxes.box("head"), EXPERIMENTS, Authorization=basic("password1234")) == "401"
    assert status(boxes.box("head"), EXPERIMENTS, Authorization=right) == "200"
    assert (
        status(boxes.box("head"), EXPERIMENTS, Authorization=right, Host="localhost:15000") == "200"
    )
    assert status(boxes.box("head"), EXPERIMENTS, Authorization=right, Host="evil:5000") == "403"


def ray_admits_nobody_without_the_token(boxes: Boxes) -> None:
    jobs = "http://head:8265/api/jobs/"
    right = f"Bearer {SECRETS['MDML_RAY_TOKEN']}"
    assert status(boxes.box("worker"), jobs) == "401"
    assert status(boxes.box("worker"), jobs, Authorization="Bearer wrong") == "403"
    assert status(boxes.box("worker"), jobs, Authorization=right) == "200"
    other = {"RAY_AUTH_TOKEN": "of another cluster"}
    stranger = boxes.start("search", ["tiny.yaml"], **other)
    assert stranger.process.wait(PATIENCE_S) == 3
    assert "error: no Ray cluster answers at head:6379, or it has another token" in stranger.said


def the_database_is_out_of_the_workers_reach(boxes: Boxes) -> None:
    address = boxes.address("postgres", "database")
    assert boxes.box("mlflow").call("python", "-c", CONNECT, "postgres", "5432")[0] == 0
    for target in ("postgres", address):
        assert boxes.box("worker").call("python", "-c", CONNECT, target, "5432")[0] != 0


def a_search_ends_with_the_head_which_is_started_again(boxes: Boxes) -> None:
    search = boxes.start("search", ["tiny.yaml"])
    head, worker = boxes.box("head"), boxes.box("worker")
    runs = boxes.volume("shared") / "runs"
    wait_until(lambda: any(runs.glob("baselines/*/history.jsonl")), search)
    assert head.call("python", "-c", KILL_HEAD)[0] == 0
    assert head.process.wait(PATIENCE_S) != 0
    assert boxes.wait_healthy("head") is not head
    assert worker.process.wait(PATIENCE_S) != 0
    assert search.process.wait(PATIENCE_S) != 0
    assert boxes.wait_healthy("worker") is not worker


def the_same_search_goes_on_and_stands_in_mlflow(boxes: Boxes) -> None:
    search = boxes.start("search", ["tiny.yaml"])
    wait_until(lambda: search.said != "", search)  # what made the box has become the search
    end = time.monotonic() + PATIENCE_S
    while search.process.poll() is None:
        assert time.monotonic() < end, search.said
        assert_no_secret_on_a_command_line()
        time.sleep(0.5)
    assert search.process.returncode == 0, search.said
    assert "warning" not in search.said
    ranked = boxes.volume("shared") / "runs" / "studies" / "tiny" / "results" / "ranked.csv"
    with ranked.open() as file:
        (best,) = csv.DictReader(file)
    assert best["status"] == "completed"
    assert best["phase"] == "confirm"
    # What compose.yaml tells the head suffices for a command that is run in it.
    code, said = boxes.box("head").call("mdml-tune", "sync", "tiny")
    assert code == 0, said
    code, said = boxes.box("mlflow").call(
        "psql", "--tuples-only", "--no-align", "--command",
        "select status, count(*) from runs group by status",
    )  # fmt: skip
    assert code == 0, said
    assert said.strip() == f"FINISHED|{TRAININGS + 1}"  # and the study's own run
    assert list(boxes.volume("artifacts").rglob("report.html"))


def assert_no_secret_on_a_command_line() -> None:
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        line = read(command)
        assert not any(secret in line for secret in CANARIES), line


def no_secret_has_been_left_anywhere(boxes: Boxes) -> None:
    """On a command line, in what services say, on volumes, in the files of those that run."""
    assert_no_secret_on_a_command_line()
    places = [boxes.volume(name) for name in ("shared", "artifacts", "database")]
    places += [
        Path(f"/proc/{boxes.box(name).init}/root/tmp") for name in ("mlflow", "head", "worker")
    ]
    ours = ROOT.relative_to("/")  # a clone below /tmp is there too, with these very words in it
    kept = [
        path
        for place in places
        for path in place.rglob("*")
        if path.is_file() and not path.is_relative_to(place.parent / ours)
    ]
    assert {"ranked.csv", "report.html", "PG_VERSION", "raylet.out"} <= {path.name for path in kept}
    for path in [*kept, *(box.log for box in boxes.running)]:
        content = read(path)
        assert not any(secret in content for secret in CANARIES), path


def wait_until(there: Callable[[], bool], box: Box) -> None:
    """While that box runs."""
    end = time.monotonic() + PATIENCE_S
    while not there():
        assert box.process.poll() is None, box.said
        assert time.monotonic() < end, box.said
        time.sleep(0.1)


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # it is gone


def every_service_ends_when_it_is_told_to(boxes: Boxes) -> None:
    """At once and in no order, as ``docker compose kill --signal SIGTERM`` would have it."""
    running = [box for box in boxes.running if box.process.poll() is None]
    assert {box.service.name for box in running} == {"postgres", "mlflow", "head", "worker"}
    for box in running:
        box.ask_to_stop()
    for box in running:
        box.process.wait(PATIENCE_S)
