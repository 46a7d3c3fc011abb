"""Every service of docker/compose.yaml at work: its own command line, and a study through them all."""

import base64
import csv
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from containers.boxes import Box, Boxes, need_programs
from containers.composed import internal, services

pytestmark = pytest.mark.slow

SECRETS = {
    "MDML_POSTGRES_PASSWORD": "canary database: any sign $ / @ may stand here",
    "MDML_MLFLOW_PASSWORD": "canary-of-the-tracking-server",
    "MDML_MLFLOW_SECRET_KEY": "canary-of-the-session-cookies",
    "MDML_RAY_TOKEN": "canary-of-the-ray-cluster-0123456789",
}

STUDY = """\
study: tiny
trial:
  data: {dataset: rooms, tasks: [segmentation, depth], train_size: 4, val_size: 2, test_size: 2,
         image_size: [16, 24]}
  network: {kind: unet, width: 4}
  training: {epochs: 2, batch_size: 2}
  mutual: {weight: {log_uniform: [0.03, 3.0]}}
baseline: {seeds: 1}
search: {trials: 2, sampler: {kind: random}, early_stopping: null}
confirm: {top: 1, seeds: 1}
"""
TRAININGS = 2 + 2 + 1

STATUS = """
import sys, urllib.error, urllib.request
request = urllib.request.Request(sys.argv[1], headers=dict(at.split("=", 1) for at in sys.argv[2:]))
try:
    print(urllib.request.urlopen(request, timeout=20).status)
except urllib.error.HTTPError as error:
    print(error.code)
"""

CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3)"

KILL_RAYLET = """
import os, pathlib, signal
for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
    if pathlib.Path(entry.read_bytes().split(b"\\0")[0].decode()).name == "raylet":
        os.kill(int(entry.parent.name), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def boxes() -> Iterator[Boxes]:
    """``docker compose up``: what others wait for first, each when that is healthy."""
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
        for name in ("postgres", "mlflow", "head", "worker"):
            made.up(name)
        yield made
    finally:
        made.close()
        shutil.rmtree(folder)


def status(box: Box, url: str, **headers: str) -> str:
    """Of a GET from within a service."""
    given = [f"{name}={value}" for name, value in headers.items()]
    code, said = box.call("python", "-c", STATUS, url, *given)
    assert code == 0, said
    return said.strip()


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"admin:{password}".encode()).decode()


EXPERIMENTS = "http://mlflow:5000/api/2.0/mlflow/experiments/search?max_results=1"


def test_mlflow_asks_for_a_password_and_answers_to_its_own_names_alone(boxes: Boxes) -> None:
    right = basic(SECRETS["MDML_MLFLOW_PASSWORD"])
    assert status(boxes.box("head"), EXPERIMENTS) == "401"
    assert status(boxes.box("head"), EXPERIMENTS, Authorization=basic("password1234")) == "401"
    assert status(boxes.box("head"), EXPERIMENTS, Authorization=right) == "200"
    assert (
        status(boxes.box("head"), EXPERIMENTS, Authorization=right, Host="localhost:15000") == "200"
    )
    assert status(boxes.box("head"), EXPERIMENTS, Authorization=right, Host="evil:5000") == "403"


def test_ray_admits_nobody_without_the_token(boxes: Boxes) -> None:
    jobs = "http://head:8265/api/jobs/"
    right = f"Bearer {SECRETS['MDML_RAY_TOKEN']}"
    assert status(boxes.box("worker"), jobs) == "401"
    assert status(boxes.box("worker"), jobs, Authorization="Bearer wrong") == "403"
    assert status(boxes.box("worker"), jobs, Authorization=right) == "200"
    other = {"RAY_AUTH_TOKEN": "of another cluster"}
    stranger = boxes.start("search", ["tiny.yaml"], **other)
    assert stranger.process.wait(120) == 3
    assert "error: no Ray cluster answers at head:6379, or it has another token" in stranger.said


def test_the_database_is_out_of_the_workers_reach(boxes: Boxes) -> None:
    address = boxes.address("postgres", "database")
    assert boxes.box("mlflow").call("python", "-c", CONNECT, "postgres", "5432")[0] == 0
    for target in ("postgres", address):
        assert boxes.box("worker").call("python", "-c", CONNECT, target, "5432")[0] != 0


def test_a_search_runs_on_the_worker_and_stands_in_mlflow(boxes: Boxes) -> None:
    search = boxes.start("search", ["tiny.yaml"])
    assert search.process.wait(300) == 0, search.said
    assert "warning" not in search.said
    ranked = boxes.volume("shared") / "runs" / "studies" / "tiny" / "results" / "ranked.csv"
    with ranked.open() as file:
        best, *others = csv.DictReader(file)
    assert best["status"] == "completed"
    assert best["phase"] == "confirm"
    assert len(others) == 1
    code, said = boxes.box("head").call("mdml-tune", "sync", "tiny", timeout=120)
    assert code == 0, said
    code, said = boxes.box("mlflow").call(
        "psql", "--tuples-only", "--no-align", "--command",
        "select status, count(*) from runs group by status",
    )  # fmt: skip
    assert code == 0, said
    assert said.strip() == f"FINISHED|{TRAININGS + 1}"  # and the study's own run
    assert list(boxes.volume("artifacts").rglob("report.html"))


def test_no_secret_shows(boxes: Boxes) -> None:
    canaries = [secret.encode() for secret in SECRETS.values()]
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = command.read_bytes()
        except OSError:
            continue  # it has ended
        assert not any(secret in line for secret in canaries), line
    kept = [box.log for box in boxes.running]
    kept += [path for path in boxes.volume("shared").rglob("*") if path.is_file()]
    for path in kept:
        assert not any(secret in path.read_bytes() for secret in canaries), path


def test_a_worker_whose_ray_dies_ends_so_that_it_is_started_again(boxes: Boxes) -> None:
    worker = boxes.box("worker")
    worker.call("python", "-c", KILL_RAYLET)
    assert worker.process.wait(60) != 0
    boxes.remove(worker)
    boxes.up("worker")


def test_every_service_ends_in_the_time_that_it_is_given(boxes: Boxes) -> None:
    for box in reversed(boxes.running):
        if box.process.poll() is None:
            grace = str(box.service.said.get("stop_grace_period", "10s"))
            box.stop(float(grace.removesuffix("s")))
