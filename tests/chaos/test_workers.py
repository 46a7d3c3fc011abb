"""Workers that crash, hang, freeze, are killed, or lose their node."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from chaos.harness import Place

HERE = Path(__file__).parent

UNRULY = """\
study: small
trial:
  data: {dataset: rooms, tasks: [segmentation, depth], train_size: 8, val_size: 4, test_size: 4,
         image_size: [16, 24]}
  network: {kind: custom, function: "unruly:unruly"}
  training: {epochs: 6, batch_size: 2}
  mutual: {weight: {log_uniform: [0.03, 3.0]}}
baseline: {seeds: 1}
search: {trials: 3, sampler: {kind: random}}
confirm: null
resources: {retries: 1, stall_timeout: 60}
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def unruly(tmp_path: Path) -> Place:
    """The study, its baselines trained, and a file of orders for its networks."""
    paths = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    environment = {"PYTHONPATH": paths, "MDML_TEST_ORDERS": str(tmp_path / "orders")}
    place = Place(tmp_path, environment)
    (tmp_path / "small.yaml").write_text(UNRULY)
    return place


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The same study, left in peace."""
    path = tmp_path_factory.mktemp("calm")
    paths = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    place = Place(path, {"PYTHONPATH": paths, "MDML_TEST_ORDERS": str(path / "orders")})
    (path / "small.yaml").write_text(UNRULY)
    assert place.run() == 0, "\n".join(place.log[-30:])
    return place


class Meddler(threading.Thread):
    """Does something to the workers of a running study when a trial of the search has so many epochs."""

    def __init__(self, place: Place, epochs: int, do: Callable[[dict[str, int]], None]) -> None:
        super().__init__(daemon=True)
        self.place, self.epochs, self.do = place, epochs, do
        self.done: str | None = None

    def run(self) -> None:
        trials = self.place.path / "mdml_runs" / "studies" / "small" / "trials"
        while self.done is None:
            for history in trials.glob("*/history.jsonl"):
                attempt = history.with_name("attempt.json")
                if history.read_bytes().count(b"\n") >= self.epochs and attempt.exists():
                    self.do(json.loads(attempt.read_text()))
                    self.done = history.parent.name
                    return
            time.sleep(0.01)


def trials(place: Place) -> dict[str, dict[str, object]]:
    folder = place.path / "mdml_runs" / "studies" / "small" / "trials"
    return {path.parent.name: json.loads(path.read_text()) for path in folder.glob("*/result.json")}


def epochs(place: Place, key: str) -> list[int]:
    history = place.path / "mdml_runs" / "studies" / "small" / "trials" / key / "history.jsonl"
    return [json.loads(line)["epoch"] for line in history.read_text().splitlines()]


def order(place: Place, *orders: str) -> None:
    (place.path / "orders").write_text("\n".join(orders))


def order_later(place: Place, *orders: str) -> threading.Thread:
    """Once the first trial of the search reports, so that the baselines are left in peace."""
    meddler = Meddler(place, 1, lambda _: order(place, *orders))
    meddler.start()
    return meddler


def test_a_killed_worker_costs_one_attempt_and_changes_nothing(unruly: Place, calm: Place) -> None:
    meddler = Meddler(unruly, 3, lambda attempt: os.kill(attempt["pid"], signal.SIGKILL))
    meddler.start()
    assert unruly.run() == 0, "\n".join(unruly.log[-30:])
    assert any("its process died" in line and "attempt 2 of 2" in line for line in unruly.log)
    assert epochs(unruly, meddler.done) == [1, 2, 3, 4, 5, 6]
    pd.testing.assert_frame_equal(unruly.ranked, calm.ranked, check_exact=True)
    assert unruly.runs().metrics == calm.runs().metrics


def test_trials_that_crash_or_raise_fail_and_the_study_goes_on(unruly: Place) -> None:
    order_later(unruly, "crash", "crash", "raise")
    assert unruly.run() == 4, "\n".join(unruly.log[-30:])
    results = trials(unruly)
    failed = {key: result for key, result in results.items() if result["status"] == "failed"}
    assert (len(results), len(failed)) == (3, 2)
    assert unruly.runs().statuses == {"FINISHED": 1 + 2 + 1, "FAILED": 2}
    for key in failed:
        assert any(line.startswith("failed:") and key in line for line in unruly.log)
    # One takes its process with it each time: as often as it is begun again.
    crashed, raised = sorted(failed, key=lambda key: "crashed" not in failed[key]["failure"])
    assert failed[crashed]["failure"].startswith("crashed: its process died 2 times on ")
    assert "crash_in_native_code" in failed[crashed]["failure"]
    assert "crash_in_native_code" in told_of(unruly, crashed)
    # The other would raise again: it is not begun again.
    assert failed[raised]["failure"].startswith("ValueError: the network broke\nTraceback")
    assert "misbehave" in told_of(unruly, raised)
    assert not any(raised in line and "attempt 2" in line for line in unruly.log)


def test_trials_that_stand_still_are_ended(unruly: Place) -> None:
    study = unruly.path / "small.yaml"
    study.write_text(UNRULY.replace("stall_timeout: 60", "stall_timeout: 8"))
    order_later(unruly, "hang")  # in its second epoch
    Meddler(unruly, 2, lambda attempt: os.kill(attempt["pid"], signal.SIGSTOP)).start()
    assert unruly.run() == 4, "\n".join(unruly.log[-30:])
    assert len(trials(unruly)) == 3
    failures = [r["failure"] for r in trials(unruly).values() if r["status"] == "failed"]
    assert len(failures) == 2
    for failure in failures:
        assert failure.startswith("stalled: no epoch for 8 s (resources.stall_timeout)")
    # Only who is not frozen can say where it stands.
    assert sum("hang_for_ever" in failure for failure in failures) == 1
    assert unruly.leftovers() == []


def told_of(place: Place, key: str) -> str:
    """Why the trial failed, in MLflow."""
    client = mlflow.MlflowClient(place.tracking_uri)
    experiment = client.get_experiment_by_name("small")
    [run] = client.search_runs(
        [experiment.experiment_id], filter_string=f"tags.`mdml.trial_key` = '{key}'"
    )
    assert run.info.status == "FAILED"
    return run.data.tags["mdml.failure"]


def test_storage_filled_to_the_last_byte_loses_nothing(
    unruly: Place, calm: Place, tmp_path: Path
) -> None:
    """On a disk of its own, so that root too runs out of room."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk], check=True)
    try:
        _fill_and_free(unruly, calm, disk)
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def _fill_and_free(unruly: Place, calm: Place, disk: Path) -> None:
    (unruly.path / "mdml_runs").symlink_to(disk)

    def fill(_: object) -> None:
        with (disk / "ballast").open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))

    meddler = Meddler(unruly, 2, fill)
    meddler.start()
    assert unruly.run() == 3, "\n".join(unruly.log[-30:])
    assert sum(line.startswith("error:") for line in unruly.log) == 1
    said = next(line for line in unruly.log if line.startswith("error:"))
    assert "No space left on device" in said
    assert "the same command again" in " ".join(unruly.log)
    assert unruly.run() == 3  # nothing has changed: refused before anything starts
    (disk / "ballast").unlink()
    assert unruly.run() == 0, "\n".join(unruly.log[-30:])
    pd.testing.assert_frame_equal(unruly.ranked, calm.ranked, check_exact=True)
    assert unruly.runs().metrics == calm.runs().metrics
    assert unruly.leftovers() == []
