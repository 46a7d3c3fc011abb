"""What Google Cloud is asked for by `ray up cluster/gpu-gcp.yaml`: Ray's own code, and a stand-in.

Google has no mock of its services; the descriptions of its interfaces come with its client.
"""

import copy
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httplib2
import pytest
import yaml
from googleapiclient import discovery
from googleapiclient.discovery_cache import get_static_doc
from ray.autoscaler._private.gcp import config as gcp_config
from ray.autoscaler._private.gcp import node_provider
from ray.autoscaler._private.gcp.node import GCPCompute
from ray.autoscaler._private.util import prepare_config

FILE = Path(__file__).parents[2] / "cluster" / "gpu-gcp.yaml"
PROJECT = "a-project"
EMAIL = f"ray-autoscaler-sa-v1@{PROJECT}.iam.gserviceaccount.com"

pytestmark = pytest.mark.slow


@dataclass
class Google:
    """Answers what an account that is set up would answer, and keeps what it was asked to change."""

    changes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def request(
        self, uri: str, method: str = "GET", body: str | None = None, **_: object
    ) -> tuple[httplib2.Response, bytes]:
        path = re.sub(r"https://[^/]+/|\?.*", "", uri)
        if method in ("POST", "PUT", "PATCH", "DELETE") and not path.endswith(":getIamPolicy"):
            self.changes.append((path, json.loads(body or "{}")))
        answer = json.dumps(self._answer(path)).encode()
        return httplib2.Response({"status": 200, "content-type": "application/json"}), answer

    def _answer(self, path: str) -> Mapping[str, object]:
        if "serviceAccounts/" in path:
            return {"email": EMAIL, "projectId": PROJECT}
        if path.startswith("v1/projects/"):
            return {"projectId": PROJECT, "lifecycleState": "ACTIVE", "bindings": []}
        if path.endswith(f"projects/{PROJECT}"):
            return {"name": PROJECT, "commonInstanceMetadata": {"items": []}}
        return {"name": "operation", "status": "DONE", "done": True}


@dataclass(frozen=True)
class Cluster:
    config: dict[str, Any]
    asked: dict[str, dict[str, Any]]
    """The machine that was asked for, by node type."""
    changed: tuple[str, ...]
    """Everything else that was to be changed in the account."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    google = Google()

    def clients(_: object) -> tuple[Any, ...]:
        names = ("cloudresourcemanager", "iam", "compute")
        return (*(discovery.build(name, "v1", http=google) for name in names), None)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))  # for the key pair Ray makes
        patch.setattr(gcp_config, "construct_clients_from_provider_config", clients)
        patch.setattr(node_provider, "construct_clients_from_provider_config", clients)
        patch.setattr(GCPCompute, "get_new_authorized_http", lambda *_: google)
        text = FILE.read_text().replace("CHANGE-ME-PROJECT", PROJECT)
        config = gcp_config.bootstrap_gcp(prepare_config(yaml.safe_load(text)))
        changed = tuple(path for path, _ in google.changes)
        google.changes.clear()
        start_one_of_each(config)
        machines = [body for path, body in google.changes if path.endswith("/instances")]
        found = {one["labels"]["ray-user-node-type"]: one for one in machines}
        yield Cluster(config, found, changed)


def start_one_of_each(config: dict[str, Any]) -> None:
    provider = node_provider.GCPNodeProvider(config["provider"], config["cluster_name"])
    for name, one in config["available_node_types"].items():
        is_head = name == config["head_node_type"]
        # As Ray does: what it finds out for the head, unless the file says it.
        asked = copy.deepcopy((config["head_node"] if is_head else {}) | one["node_config"])
        labels = {
            "ray-node-name": f"ray-{name.replace('_', '-')}",
            "ray-node-type": "head" if is_head else "worker",
            "ray-user-node-type": name,
        }
        provider.create_node(asked, labels, 1)


def unknown(value: object, schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> list[str]:
    """Keys that Compute Engine does not know, by its own description."""
    schema = schemas[schema["$ref"]] if "$ref" in schema else schema
    if isinstance(value, dict):
        known, rest = schema.get("properties", {}), schema.get("additionalProperties")
        strange = [key for key in value if key not in known and rest is None]
        return strange + [
            name
            for key, one in value.items()
            if key not in strange
            for name in unknown(one, known.get(key, rest), schemas)
        ]
    if isinstance(value, list):
        return [name for one in value for name in unknown(one, schema["items"], schemas)]
    return []


def test_spot_machines_and_the_same_on_demand(cluster: Cluster) -> None:
    assert set(cluster.asked) == {"head", "gpu_spot", "gpu_ondemand"}
    bought = {
        name: one.get("scheduling", {}).get("provisioningModel")
        for name, one in cluster.asked.items()
    }
    assert bought == {"head": None, "gpu_spot": "SPOT", "gpu_ondemand": None}
    machines = {name: one["machineType"] for name, one in cluster.asked.items()}
    assert machines["gpu_spot"] == machines["gpu_ondemand"] != machines["head"]
    for name in ("gpu_spot", "gpu_ondemand"):  # a machine with a GPU cannot be moved
        assert cluster.asked[name]["scheduling"]["onHostMaintenance"] == "TERMINATE"
    assert cluster.asked["gpu_spot"]["scheduling"]["instanceTerminationAction"] == "DELETE"


def test_google_knows_every_key(cluster: Cluster) -> None:
    schemas = json.loads(get_static_doc("compute", "v1"))["schemas"]
    for one in cluster.asked.values():
        assert unknown(one, schemas["Instance"], schemas) == []
    assert unknown({"disk": []}, schemas["Instance"], schemas) == ["disk"]


def test_disks_go_with_the_machine(cluster: Cluster) -> None:
    for one in cluster.asked.values():
        assert all(disk["autoDelete"] and disk["boot"] for disk in one["disks"])


def test_machines_stay_in_the_user_s_own_network(cluster: Cluster) -> None:
    for one in cluster.asked.values():
        (interface,) = one["networkInterfaces"]
        assert interface["subnetwork"].startswith(f"projects/{PROJECT}/")
    assert not [path for path in cluster.changed if "firewall" in path or "network" in path]


def test_only_the_head_may_start_machines(cluster: Cluster) -> None:
    emails = {
        name: [account["email"] for account in one.get("serviceAccounts", [])]
        for name, one in cluster.asked.items()
    }
    assert emails == {"head": [EMAIL], "gpu_spot": [], "gpu_ondemand": []}
    (account,) = cluster.asked["head"]["serviceAccounts"]
    assert account["scopes"] == ["https://www.googleapis.com/auth/compute"]  # machines alone
