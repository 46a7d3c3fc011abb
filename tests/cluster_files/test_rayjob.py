"""What holds for the Kubernetes manifest."""

from collections.abc import Iterator
from typing import Any

import ray
from cluster_files.shipped import manifests

JOB = ("RayJob", "mdml-rooms")
SHARED = {"name": "shared", "mountPath": "/mnt/mdml"}


def cluster() -> dict[str, Any]:
    return manifests()[JOB]["spec"]["rayClusterSpec"]


def pods() -> Iterator[dict[str, Any]]:
    """Templates of every pod."""
    found = manifests()
    yield found["Deployment", "mlflow"]["spec"]["template"]
    yield found[JOB]["spec"]["submitterPodTemplate"]
    yield cluster()["headGroupSpec"]["template"]
    yield from (group["template"] for group in cluster()["workerGroupSpecs"])


def environment(container: dict[str, Any]) -> dict[str, Any]:
    return {one["name"]: one for one in container.get("env", [])}


def test_spot_and_on_demand_are_alike_but_for_where_they_run() -> None:
    spot, fallback = cluster()["workerGroupSpecs"]
    assert (spot["groupName"], fallback["groupName"]) == ("gpu-spot", "gpu-ondemand")
    assert spot["priority"] > fallback["priority"]
    for name in ("replicas", "minReplicas", "maxReplicas", "rayStartParams"):
        assert spot[name] == fallback[name]
    where = {"nodeSelector", "affinity", "tolerations"}
    one, other = (group["template"]["spec"] for group in (spot, fallback))
    assert {k: v for k, v in one.items() if k not in where} == {
        k: v for k, v in other.items() if k not in where
    }
    # The one asks for the nodes that the other avoids.
    ((label, value),) = one["nodeSelector"].items()
    required = other["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    (avoided,) = required["nodeSelectorTerms"][0]["matchExpressions"]
    assert avoided == {"key": label, "operator": "NotIn", "values": [value]}


def test_no_pod_may_more_than_it_must() -> None:
    for pod in pods():
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"]
        assert spec["securityContext"]["runAsUser"] == 10001  # of docker/Dockerfile
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
        for container in spec["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]
    # The head alone talks to Kubernetes: its autoscaler does.
    speaking = [pod["spec"].get("automountServiceAccountToken", True) for pod in pods()]
    assert speaking == [False, False, True, False, False]


def test_secrets_are_named_and_never_said() -> None:
    for pod in pods():
        for container in pod["spec"]["containers"]:
            for name, given in environment(container).items():
                if name.endswith(("PASSWORD", "SECRET_KEY", "TOKEN")):
                    assert given["valueFrom"]["secretKeyRef"]["name"] == "mdml-mlflow"
                    assert "value" not in given


def test_only_who_has_to_reaches_a_pod() -> None:
    found = manifests()
    services = [one["spec"]["type"] for (kind, _), one in found.items() if kind == "Service"]
    assert services == ["ClusterIP"]
    assert cluster()["headGroupSpec"]["serviceType"] == "ClusterIP"
    guarded = {
        one["spec"]["podSelector"]["matchLabels"]["app"]
        for (kind, _), one in found.items()
        if kind == "NetworkPolicy"
    }
    labels = [pod["metadata"]["labels"]["app"] for pod in pods()]
    assert labels == ["mdml-mlflow", "mdml-submitter", "mdml-ray", "mdml-ray", "mdml-ray"]
    assert guarded == {"mdml-mlflow", "mdml-ray"}
    (into_mlflow,) = found["NetworkPolicy", "mlflow"]["spec"]["ingress"]
    assert into_mlflow["from"] == [{"podSelector": {"matchLabels": {"app": "mdml-ray"}}}]


def test_all_trials_and_the_driver_share_one_claim() -> None:
    claim = manifests()["PersistentVolumeClaim", "mdml-shared"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    for pod in (pod for pod in pods() if pod["metadata"]["labels"]["app"] != "mdml-submitter"):
        assert SHARED in pod["spec"]["containers"][0]["volumeMounts"]
        (volume,) = (one for one in pod["spec"]["volumes"] if one["name"] == "shared")
        assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]


def test_the_driver_finds_storage_and_mlflow() -> None:
    found = manifests()
    head = environment(cluster()["headGroupSpec"]["template"]["spec"]["containers"][0])
    assert head["MDML_STORAGE"]["value"] == "/mnt/mdml/runs"
    service = found["Service", "mlflow"]
    (port,) = (one["port"] for one in service["spec"]["ports"])
    host = f"{service['metadata']['name']}:{port}"
    assert head["MLFLOW_TRACKING_URI"]["value"] == f"http://{host}"
    (server,) = found["Deployment", "mlflow"]["spec"]["template"]["spec"]["containers"]
    (allowed,) = (one for one in server["args"] if one.startswith("--allowed-hosts="))
    assert host in allowed.removeprefix("--allowed-hosts=").split(",")
    users = environment(server)["MLFLOW_AUTH_ADMIN_USERNAME"], head["MLFLOW_TRACKING_USERNAME"]
    assert len({one["value"] for one in users}) == 1
    # Workers have neither: only the driver publishes.
    for group in cluster()["workerGroupSpecs"]:
        (container,) = group["template"]["spec"]["containers"]
        assert not [name for name in environment(container) if name.startswith("MLFLOW")]


def test_it_comes_back_and_ends() -> None:
    job = manifests()[JOB]["spec"]
    assert job["backoffLimit"] > 0
    assert job["shutdownAfterJobFinishes"]
    assert job["ttlSecondsAfterFinished"] > 0
    assert job["rayClusterSpec"]["rayVersion"] == ray.__version__
    assert job["rayClusterSpec"]["authOptions"] == {"mode": "token"}
    assert job["rayClusterSpec"]["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
