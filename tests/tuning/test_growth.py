"""What an autoscaler can make of a cluster, from each place where that is written."""

from pathlib import Path

import pytest
import yaml
from processes import Processes
from ray._private.state import GlobalState
from ray._private.state import state as ray_state
from ray.autoscaler._private.kuberay import node_provider
from ray.core.generated.autoscaler_pb2 import ClusterConfig

from mdml_tune.tuning import growth
from mdml_tune.tuning.capacity import Node, NodeType
from mdml_tune.tuning.growth import UNBOUNDED, growth_from, growth_of, promised

CLUSTER = {
    "max_workers": 6,
    "head_node_type": "head",
    "available_node_types": {
        "head": {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0},
        "spot": {"resources": {"CPU": 8, "GPU": 1}, "max_workers": 9},
        "on_demand": {"resources": {"CPU": 8, "GPU": 1}, "max_workers": 2},
        "none": {"resources": {"CPU": 64}, "max_workers": 0},
    },
}
ADDRESS = "10.0.0.1:6379"
GPU = Node(8, 1)


@pytest.fixture(autouse=True)
def nothing_published(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_state, "get_cluster_config", lambda: None)
    monkeypatch.delenv("RAY_CLUSTER_NAME", raising=False)


def test_a_cluster_file_says_what_can_come() -> None:
    found = growth_from(CLUSTER)
    assert found is not None
    assert found.types == (NodeType("spot", GPU, 6), NodeType("on_demand", GPU, 2))
    assert found.most == 6
    assert str(found) == (
        "at most 6 nodes: 6 x spot (8 CPU and 1 GPU), 2 x on_demand (8 CPU and 1 GPU)"
    )
    assert growth_from({"max_workers": 0, "available_node_types": {}}) is None
    assert growth_from({}) is None


def test_machines_of_unknown_size_are_promised_and_not_counted_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    local = {"local.cluster.node": {"resources": {}, "min_workers": 2, "max_workers": 2}}
    config = {"max_workers": 2, "available_node_types": local}
    monkeypatch.setattr(growth, "_file_of", lambda _: config)
    assert promised(ADDRESS) == 2
    assert growth_of(ADDRESS) is None
    monkeypatch.setattr(growth, "_file_of", lambda _: CLUSTER)
    assert promised(ADDRESS) == 0
    monkeypatch.setattr(growth, "_file_of", lambda _: None)
    assert promised(ADDRESS) == 0


def test_the_file_of_the_autoscaler_of_this_cluster_is_read(tmp_path: Path) -> None:
    file = tmp_path / "ray_bootstrap_config.yaml"
    file.write_text(yaml.safe_dump(CLUSTER))
    processes = Processes(tmp_path / "proc")
    flags = (f"--gcs-address={ADDRESS}", f"--autoscaling-config={file}")
    processes.add("/usr/bin/python", "-u", "/opt/ray/autoscaler/_private/monitor.py", *flags)
    assert growth._file_of(ADDRESS, processes.folder) == CLUSTER
    assert growth._file_of("10.0.0.9:6379", processes.folder) is None
    file.write_text("{")
    assert growth._file_of(ADDRESS, processes.folder) is None  # and a warning in the log


def test_a_cluster_without_an_autoscaler_stays_as_it_is(tmp_path: Path) -> None:
    processes = Processes(tmp_path / "proc")
    processes.add("python", "-u", "/ray/monitor.py", f"--gcs-address={ADDRESS}")
    assert growth._file_of(ADDRESS, processes.folder) is None
    assert growth_of("10.0.0.1:1") is None


def test_what_ray_publishes_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    # Fails where Ray renames the method or a field of its message: both are its own affair.
    assert callable(GlobalState.get_cluster_config)
    config = ClusterConfig()
    for name, most in (("few", 3), ("any", -1), ("none", 0)):
        group = config.node_group_configs.add(name=name, max_count=most)
        group.resources["CPU"], group.resources["GPU"] = 8, 1
    monkeypatch.setattr(ray_state, "get_cluster_config", lambda: config)
    found = growth_of(ADDRESS)
    assert found is not None
    assert found.types == (NodeType("few", GPU, 3), NodeType("any", GPU, UNBOUNDED))


def test_in_a_pod_the_clusters_resource_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    container = {"resources": {"limits": {"cpu": 8, "nvidia.com/gpu": 1}}}
    pods = {"rayStartParams": {}, "template": {"spec": {"containers": [container]}}}
    resource = {
        "metadata": {"name": "mine", "namespace": "team"},
        "spec": {
            "headGroupSpec": pods | {"rayStartParams": {"num-cpus": "0"}},
            "workerGroupSpecs": [
                pods | {"groupName": "gpu", "replicas": 0, "minReplicas": 0, "maxReplicas": 4}
            ],
        },
    }
    asked: list[str] = []

    class Client:
        def __init__(self, namespace: str) -> None:
            asked.append(namespace)

        def get(self, path: str) -> object:
            asked.append(path)
            return resource

    monkeypatch.setattr(node_provider, "KubernetesHttpApiClient", Client)
    monkeypatch.setattr(growth, "_NAMESPACE", tmp_path / "namespace")
    (tmp_path / "namespace").write_text("team\n")
    assert growth_of(ADDRESS) is None  # outside a pod of KubeRay
    monkeypatch.setenv("RAY_CLUSTER_NAME", "mine")
    found = growth_of(ADDRESS)
    assert found is not None
    assert found.types == (NodeType("gpu", GPU, 4),)
    assert asked == ["team", "rayclusters/mine"]
    assert growth_of("127.0.0.1:41234") is None  # a session of its own in the same pod
    resource["spec"] = {}
    assert growth_of(ADDRESS) is None  # what Kubernetes does not tell stops nobody
