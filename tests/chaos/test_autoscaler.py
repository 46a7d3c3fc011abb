"""A cluster without workers grows to what a study can use at once, and shrinks as it needs less."""

import json
import re
import sys
from pathlib import Path

import pytest
from chaos.gated import Gate
from chaos.island import ADDRESS, PATIENCE_S, PORT, Island, eventually, island
from ray.autoscaler._private.fake_multi_node.node_provider import (
    FAKE_HEAD_NODE_ID,
    FAKE_HEAD_NODE_TYPE,
    FakeMultiNodeProvider,
)

from mdml_tune.records import Status
from mdml_tune.storage.studies import Storage

pytestmark = pytest.mark.slow

MOST = 5
"""Nodes that the cluster can grow to: one more than the study can use."""
BASELINES, TRIALS, LAST = 2, 4, 1
STUDY = f"""\
study: small
trial:
  data: {{dataset: rooms, tasks: [segmentation, depth], train_size: 2, val_size: 2, test_size: 2,
         image_size: [16, 24]}}
  network: {{kind: custom, function: "gated:gated"}}
  training: {{epochs: 1, batch_size: 2, optimizer: {{learning_rate: {{log_uniform: [0.001, 0.01]}}}}}}
  mutual: {{peers: 1}}
baseline: {{seeds: 1, trial: {{training: {{optimizer: {{learning_rate: 0.001}}}}}}}}
search: {{trials: {TRIALS}, sampler: {{kind: random}}}}
confirm: null
"""
SINGLE_TASK, SEARCHED = "1:1", "2:1"
"""The first call of a network, by its number of tasks."""

EMPTY = {"file_mounts": {}, "auth": {}, "docker": {}, "cluster_synced_files": []} | {
    f"{what}_commands": []
    for what in (
        "initialization", "setup", "head_setup", "worker_setup", "head_start_ray",
        "worker_start_ray",
    )
}  # fmt: skip
CLUSTER = EMPTY | {
    "cluster_name": "fake",
    "max_workers": MOST,
    "upscaling_speed": 1.0,
    "idle_timeout_minutes": 0.25,
    "head_node_type": FAKE_HEAD_NODE_TYPE,
    "provider": {
        # By its module: what Ray fills in for the provider's own name is missing from its wheel.
        "type": "external",
        "module": f"{FakeMultiNodeProvider.__module__}.{FakeMultiNodeProvider.__name__}",
        "gcs_address": f"{ADDRESS}:{PORT}",
        "head_node_id": FAKE_HEAD_NODE_ID,
        "launch_multiple": True,
        "use_node_id_as_ip": True,
        "disable_node_updaters": True,
        "disable_launch_config_check": True,
    },
    "available_node_types": {
        FAKE_HEAD_NODE_TYPE: {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0},
        "worker": {
            "resources": {"CPU": 1, "object_store_memory": 80_000_000},
            "node_config": {},
            "min_workers": 0,
            "max_workers": MOST,
        },
    },
}  # fmt: skip
HEAD = {
    "AUTOSCALER_UPDATE_INTERVAL_S": "1",
    "RAY_FAKE_CLUSTER": "1",
    "RAY_enable_autoscaler_v2": "1",  # as `ray up` does
    "RAY_OVERRIDE_NODE_ID_FOR_TESTING": FAKE_HEAD_NODE_ID,
    "RAY_CLOUD_INSTANCE_ID": FAKE_HEAD_NODE_ID,
}


def test_a_study_gets_the_nodes_that_it_can_use_and_gives_them_back(tmp_path: Path) -> None:
    gate, log = Gate(tmp_path / "gate"), tmp_path / "log"
    (tmp_path / "small.yaml").write_text(STUDY)
    (tmp_path / "cluster.json").write_text(json.dumps(CLUSTER))
    with island() as here:
        environment = gate.environment(SINGLE_TASK, SEARCHED)
        config = f"--autoscaling-config={tmp_path / 'cluster.json'}"
        here.start_head(config, cpus=0, cwd=tmp_path, **environment, **HEAD)
        command = (
            sys.executable,
            Path(__file__).with_name("untracked.py"),
            "small.yaml",
            "storage",
        )
        driver = here.start(*command, cwd=tmp_path, log=log, **environment)

        eventually(lambda: len(gate.waiting(SINGLE_TASK)) == BASELINES, driver, log)
        assert workers(here) == BASELINES
        gate.open(SINGLE_TASK)
        eventually(lambda: len(gate.waiting(SEARCHED)) == TRIALS, driver, log)
        assert workers(here) == TRIALS
        gate.open(SEARCHED, TRIALS - LAST)
        eventually(lambda: workers(here) == LAST, driver, log)  # while it is at work
        assert len(gate.waiting(SEARCHED)) == LAST
        gate.open(SEARCHED)
        assert driver.wait(PATIENCE_S) == 0, log.read_text()
        said = (here.folder / "ray/session_latest/logs/monitor.log").read_text()
    assert f"can grow to at most {MOST} nodes" in log.read_text()
    assert asked_for(said) == [BASELINES, TRIALS - BASELINES], said
    trials = Storage.at(str(tmp_path / "storage")).study("small").record().trials
    assert [trial.status for trial in trials] == [Status.COMPLETED] * TRIALS


def workers(here: Island) -> int:
    """Nodes beside the head."""
    return len(here.processes("raylet")) - 1


def asked_for(said: str) -> list[int]:
    """How many nodes the autoscaler asked for before another had come."""
    asked: list[int] = [0]
    for count, came in re.findall(r"Launching (\d+) nodes|(->RAY_RUNNING)", said):
        if came:
            asked.append(0)
        else:
            asked[-1] += int(count)
    return [count for count in asked if count]
