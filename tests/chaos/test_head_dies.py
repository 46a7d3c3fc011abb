"""The head of the cluster is killed under a study: it ends in order, and goes on elsewhere."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from chaos.gated import Gate
from chaos.island import Island, eventually, island

import mdml_tune
from mdml_tune.storage.status import State, StudyStatus, read_status
from mdml_tune.training.checkpoint import newest_epoch

pytestmark = pytest.mark.slow

SCRIPT = Path(mdml_tune.__file__).parent / "search.py"
STUDY = """\
study: small
trial:
  data: {dataset: rooms, tasks: [segmentation, depth], train_size: 8, val_size: 4, test_size: 4,
         image_size: [16, 24]}
  network: {kind: custom, function: "gated:gated"}
  training: {epochs: 6, batch_size: 2}
  mutual: {weight: {log_uniform: [0.03, 3.0]}}
baseline: {seeds: 1}
search: {trials: 2, sampler: {kind: random}}
confirm: null
"""
EARLY, LATE = "2:9", "2:21"
"""Calls of a searched network (others have one task), in its second epoch and in its fourth."""
BETWEEN_CHECKPOINTS_S = 10.5
ENDS_WITHIN_S = 120.0


def start_search(where: Island, folder: Path, **environment: str) -> subprocess.Popen[bytes]:
    return where.start(
        sys.executable, SCRIPT, "small.yaml", cwd=folder, log=folder / "log", **environment
    )


def status_of(folder: Path) -> StudyStatus:
    status = read_status(folder / "mdml_runs/studies/small/status.json")
    assert status is not None
    return status


def said_by(folder: Path) -> str:
    return (folder / "log").read_text()


def lines(folder: Path) -> dict[Path, list[str]]:
    """Of the history of each trial and baseline."""
    found = (folder / "mdml_runs").rglob("history.jsonl")
    return {path: path.read_text().splitlines() for path in found}


def searched(found: dict[Path, list[str]]) -> Path:
    """The history of the one trial of the search."""
    [history] = [path for path in found if "trials" in path.parts]
    return history


def end_by_killing(tmp_path: Path, *killed: str) -> dict[Path, list[str]]:
    """A study whose cluster loses these in its search: it ends in order; what it had trained by then."""
    (tmp_path / "small.yaml").write_text(STUDY)
    gate = Gate(tmp_path / "gate")
    with island() as first:
        environment = gate.environment(EARLY, LATE)
        first.start_head(cpus=1, cwd=tmp_path, **environment)
        driver = start_search(first, tmp_path, **environment)
        eventually(lambda: bool(gate.waiting(EARLY)), driver, tmp_path / "log")
        time.sleep(BETWEEN_CHECKPOINTS_S)  # the epoch that stands still ends with a checkpoint
        gate.open(EARLY)

        def stands_late() -> bool:
            gate.open(EARLY)  # the other peer comes after the first
            return bool(gate.waiting(LATE))

        eventually(stands_late, driver, tmp_path / "log")
        assert status_of(tmp_path).phase == "search"
        before = lines(tmp_path)
        standing = searched(before)
        assert len(before[standing]) == 3
        assert newest_epoch(standing.with_name("checkpoints")) == 2
        first.kill(*killed)
        exit_code = driver.wait(ENDS_WITHIN_S)
    said = said_by(tmp_path)
    assert exit_code == 3, said
    errors = [line for line in said.splitlines() if line.startswith("error:")]
    assert [said.splitlines()[-1]] == errors, said
    # Ray logs how a trial's process died, with its traceback; there is no other.
    assert said.count("Traceback") == said.count("Trial task failed"), said
    status = status_of(tmp_path)
    assert (status.state, status.exit_code) == (State.FAILED, 3)
    assert errors == [f"error: {status.message}"]
    return before


def test_a_study_whose_raylet_dies_ends_in_order(tmp_path: Path) -> None:
    end_by_killing(tmp_path, "raylet")


def test_a_study_whose_head_dies_ends_in_order_and_goes_on(tmp_path: Path) -> None:
    before = end_by_killing(tmp_path, "gcs_server", "raylet")
    (tmp_path / "log").unlink()
    with island() as second:
        environment = Gate(tmp_path / "gate").environment()
        second.start_head(cpus=1, cwd=tmp_path, **environment)
        driver = start_search(second, tmp_path, **environment)
        assert driver.wait(300) == 0, said_by(tmp_path)
    assert status_of(tmp_path).state is State.DONE
    after = lines(tmp_path)
    assert sorted(len(found) for found in after.values()) == [6] * (2 + 2)
    # Each line tells how long its epoch took: what is the same was not trained again.
    standing = searched(before)
    assert after[standing][:2] == before.pop(standing)[:2]
    assert {path: after[path] for path in before} == before
