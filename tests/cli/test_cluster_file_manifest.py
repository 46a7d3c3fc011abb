"""One thing wrong with a good Kubernetes manifest is found, under its path."""

import pytest
from cluster_edits import GONE, edited, found_in, good

from mdml_tune.cli.checking.checks import State
from mdml_tune.cli.checking.cluster_file.manifest import quantity

P, W = State.PROBLEM, State.WARNING
JOB = "RayJob/study.spec"
CLUSTER = f"{JOB}.rayClusterSpec"
HEAD = "1>spec>rayClusterSpec>headGroupSpec"
HEAD_POD = f"{HEAD}>template>spec"
HEAD_BOX = f"{HEAD_POD}>containers>0"
SPOT = "1>spec>rayClusterSpec>workerGroupSpecs>0"
SPOT_POD = f"{SPOT}>template>spec"
HEAD_PATH, SPOT_PATH = f"{CLUSTER}.headGroupSpec", f"{CLUSTER}.workerGroupSpecs.0"
POD, BOX = "template.spec", "template.spec.containers.0"
SPEC = "1>spec>rayClusterSpec"
BALANCED = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "ray"}, "spec": {"type": "LoadBalancer"}}  # fmt: skip
KEPT = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": "v"}}
INGRESS = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "in"}}
NO_DRIVE = {"name": "shared", "emptyDir": {}}
OTHER = {"name": "shared", "persistentVolumeClaim": {"claimName": "other"}}


def test_a_good_file_is_clean() -> None:
    assert found_in(good("manifest")) == []


FAULTS = [
    # keys and shape
    ("1>spec>backofLimit", 3, f"{JOB}.backofLimit", P, "did you mean backoffLimit?"),
    (f"{SPEC}>enableAutoscaling", True, f"{CLUSTER}.enableAutoscaling", P, "no such key"),
    (f"{SPEC}>autoscalerOptions>idleTimeout", 1, f"{CLUSTER}.autoscalerOptions.idleTimeout", P, "idleTimeoutSeconds"),
    (f"{SPOT}>maxReplica", 1, f"{SPOT_PATH}.maxReplica", P, "maxReplicas"),
    (f"{HEAD}>replicas", 1, f"{HEAD_PATH}.replicas", P, "no such key"),
    ("1>apiVersion", "ray.io/v1alpha1", "RayJob/study.apiVersion", P, "is gone"),
    ("1>apiVersion", GONE, "RayJob/study.apiVersion", P, "not given"),
    ("0>metadata>name", GONE, "PersistentVolumeClaim/.metadata.name", P, "not given"),
    ("1>spec>entrypoint", GONE, f"{JOB}.entrypoint", P, "runs nothing"),
    ("1>spec>rayClusterSpec", GONE, "rayClusterSpec", P, "describes a cluster"),
    (f"{HEAD_POD}>containers", [], f"{HEAD_PATH}.{POD}.containers", P, "no container"),
    (f"{SPOT}>groupName", "lasting", f"{CLUSTER}.workerGroupSpecs", P, "stands 2 times"),
    (f"{SPOT}>groupName", GONE, f"{CLUSTER}.workerGroupSpecs", P, "no name"),
    (f"{SPOT}>maxReplicas", GONE, f"{SPOT_PATH}.maxReplicas", W, "no limit"),
    (f"{SPOT}>minReplicas", 5, f"{SPOT_PATH}.maxReplicas", P, "less than minReplicas 5"),
    (f"{SPOT}>minReplicas", 1, f"{SPOT_PATH}.minReplicas", W, "idle or not"),
    (f"{HEAD}>rayStartParams>num-cpus", 0, f"{HEAD_PATH}.rayStartParams.num-cpus", P, "not text"),
    (f"{HEAD_POD}>restartPolicy", "Always", f"{HEAD_PATH}.{POD}.restartPolicy", P, "Never"),
    ("1>spec>submitterPodTemplate>spec>restartPolicy", GONE, f"{JOB}.submitterPodTemplate.spec.restartPolicy", P, "OnFailure"),
    (f"{SPOT_POD}>containers>0>resources>requests>nvidia.com/gpu", 1, f"{SPOT_PATH}.{BOX}.resources.limits.nvidia.com/gpu", P, "same limit"),
    (f"{HEAD}>rayStartParams>num-gpus", "1", f"{HEAD_PATH}.{BOX}.resources.limits.nvidia.com/gpu", P, "does not ask for"),
    (f"{SPOT_POD}>serviceAccountName", "ray", f"{SPOT_PATH}.{POD}.serviceAccountName", W, "not made in this file"),
    # versions
    (f"{SPEC}>rayVersion", GONE, f"{CLUSTER}.rayVersion", P, "not given"),
    (f"{SPEC}>rayVersion", "2.50.0", f"{CLUSTER}.rayVersion", P, "mdml-tune needs"),
    (f"{HEAD_BOX}>image", "rayproject/ray:2.59.0-py311", f"{HEAD_PATH}.{BOX}.image", P, "is not of rayVersion"),
    (f"{HEAD_BOX}>image", "rayproject/ray:2.60.0-py312", "images", P, "differ in Ray or Python"),
    (f"{HEAD_BOX}>image", "here/mdml:latest", f"{HEAD_PATH}.{BOX}.image", W, "names no version"),
    ("1>spec>runtimeEnvYAML", "pip install ray==2.40.0", f"{JOB}.runtimeEnvYAML", P, "mdml-tune needs"),
    # placeholders and secrets
    ("0>spec>storageClassName", "CHANGE-ME", "PersistentVolumeClaim/shared.spec.storageClassName", P, "CHANGE-ME"),
    (f"{HEAD_BOX}>env>2>value", "hunter2", f"RayJob/study.{HEAD_PATH.removeprefix('RayJob/study.')}.{BOX}.env.2.value", P, "MLFLOW_TRACKING_PASSWORD stands"),
    (f"{HEAD_BOX}>env>3", {"name": "MLFLOW_FLASK_SERVER_SECRET_KEY", "value": "v"}, f"{HEAD_PATH}.{BOX}.env.3.value", P, "SECRET_KEY stands"),
    ("2", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"MLFLOW_FLASK_SERVER_SECRET_KEY": "v"}}, "ConfigMap/c.data.MLFLOW_FLASK_SERVER_SECRET_KEY", P, "a secret"),
    ("2", KEPT, "Secret/s.stringData.k", P, "a secret stands"),
    # storage and tracking
    ("0>spec>accessModes", ["ReadWriteOnce"], "PersistentVolumeClaim/shared.spec.accessModes", P, "one node alone"),
    ("0", GONE, CLUSTER.replace("1>", ""), W, "not made in this file"),
    (f"{SPOT_POD}>volumes>0", NO_DRIVE, f"{HEAD_PATH}.{POD}.volumes", P, "no folder that they share"),
    (f"{SPOT_POD}>volumes>0", OTHER, f"{HEAD_PATH}.{POD}.volumes", P, "no folder that they share"),
    (f"{SPOT_POD}>containers>0>volumeMounts>0>subPath", "own", f"{HEAD_PATH}.{POD}.volumes", P, "no folder that they share"),
    (f"{SPOT_POD}>containers>0>volumeMounts>0>mountPath", "/data", f"{HEAD_PATH}.{POD}.volumes", P, "no folder that they share"),
    (f"{HEAD_BOX}>env>0>value", "/home/ray/runs", f"{HEAD_PATH}.{BOX}.env.MDML_STORAGE", P, "not below a shared folder"),
    (f"{HEAD_BOX}>env>0", GONE, f"{HEAD_PATH}.{BOX}.env", W, "nothing says where"),
    (f"{HEAD_BOX}>env>1>value", "sqlite:////mnt/mdml/m.db", f"{HEAD_PATH}.{BOX}.env.MLFLOW_TRACKING_URI", P, "file of one node"),
    (f"{HEAD_BOX}>env>1", GONE, f"{HEAD_PATH}.{BOX}.env.MLFLOW_TRACKING_URI", W, "no tracking server"),
    (f"{HEAD_BOX}>args", ["mlflow server --host=0.0.0.0"], f"{HEAD_PATH}.{BOX}.args.0", P, "listens on 0.0.0.0"),
    # doors
    (f"{SPEC}>authOptions", GONE, f"{CLUSTER}.authOptions", P, "no token"),
    ("2", BALANCED, "Service/ray.spec.type", P, "LoadBalancer"),
    ("2", INGRESS, "Ingress/in", W, "from outside"),
    (f"{HEAD}>serviceType", "NodePort", f"{HEAD_PATH}.serviceType", P, "from outside"),
    (f"{HEAD}>headService", {"spec": {"type": "LoadBalancer"}}, f"{HEAD_PATH}.headService.spec.type", P, "from outside"),
    (f"{HEAD}>enableIngress", True, f"{HEAD_PATH}.enableIngress", P, "from outside"),
    (f"{SPOT_POD}>hostNetwork", True, f"{SPOT_PATH}.{POD}.hostNetwork", P, "addresses of the machine"),
    (f"{HEAD_BOX}>ports", [{"hostPort": 8265}], f"{HEAD_PATH}.{BOX}.ports.0.hostPort", P, "open"),
    (f"{HEAD_BOX}>securityContext", {"privileged": True}, f"{HEAD_PATH}.{BOX}.securityContext.privileged", W, "privileges"),
    # life
    (f"{SPEC}>enableInTreeAutoscaling", GONE, f"{CLUSTER}.enableInTreeAutoscaling", P, "beyond replicas"),
    (f"{SPEC}>autoscalerOptions", GONE, f"{CLUSTER}.autoscalerOptions", W, "60 s"),
    (f"{SPEC}>autoscalerOptions>idleTimeoutSeconds", GONE, f"{CLUSTER}.autoscalerOptions.idleTimeoutSeconds", W, "60 by default"),
    (f"{HEAD}>rayStartParams", {}, f"{HEAD_PATH}.rayStartParams.num-cpus", W, "offers CPUs"),
    (f"{HEAD_POD}>nodeSelector", {"pool": "spot"}, f"{HEAD_PATH}.{POD}", W, "head is a spot machine"),
    ("1>spec>rayClusterSpec>workerGroupSpecs>1", GONE, f"{SPOT_PATH}.{POD}", W, "spot machines alone"),
    ("1>spec>backoffLimit", GONE, f"{JOB}.backoffLimit", W, "the study ends"),
    ("1>spec>shutdownAfterJobFinishes", False, f"{JOB}.shutdownAfterJobFinishes", W, "stays when"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "where", "state", "said"), FAULTS)
def test_one_fault_is_found(path: str, value: object, where: str, state: State, said: str) -> None:
    found = found_in(edited(good("manifest"), path, value))
    matching = [one for one in found if one.what == where and said in f"{one.said} {one.remedy}"]
    assert [one.state for one in matching] == [state], found
    assert matching[0].remedy


def test_a_group_that_avoids_spot_nodes_is_a_fallback() -> None:
    avoids = {"key": "karpenter.sh/capacity-type", "operator": "NotIn", "values": ["spot"]}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [avoids]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    path = "1>spec>rayClusterSpec>workerGroupSpecs>1>template>spec>affinity"
    assert found_in(edited(good("manifest"), path, affinity)) == []
    avoids["operator"] = "In"
    assert len(found_in(edited(good("manifest"), path, affinity))) == 2


def test_an_nfs_volume_is_shared_without_a_claim() -> None:
    documents = good("manifest")[1:]
    drive = {"name": "shared", "nfs": {"server": "192.0.2.9", "path": "/mdml"}}
    for pod in (HEAD_POD, SPOT_POD, SPOT_POD.replace("Specs>0", "Specs>1")):
        documents = edited(documents, f"0{pod[1:]}>volumes>0", drive)
    assert found_in(documents) == []


def test_one_part_of_a_volume_is_shared() -> None:
    documents = good("manifest")
    for pod in (HEAD_POD, SPOT_POD, SPOT_POD.replace("Specs>0", "Specs>1")):
        documents = edited(documents, f"{pod}>containers>0>volumeMounts>0>subPath", "studies/")
    assert found_in(documents) == []


def test_what_is_set_elsewhere_is_not_judged() -> None:
    documents = good("manifest")
    for index, name in enumerate(("MDML_STORAGE", "MLFLOW_TRACKING_URI")):
        source = {"configMapKeyRef": {"name": "m", "key": "k"}}
        documents = edited(
            documents, f"{HEAD_BOX}>env>{index}", {"name": name, "valueFrom": source}
        )
    assert found_in(documents) == []
    documents = edited(good("manifest"), f"{HEAD_BOX}>env", [])
    assert len(found_in(documents)) == 2
    everything = [{"configMapRef": {"name": "m"}}]
    assert found_in(edited(documents, f"{HEAD_BOX}>envFrom", everything)) == []
    # What the job itself says stands above it.
    said = "mdml-tune search rooms_mdml --storage /home/ray/runs"
    documents = edited(documents, f"{HEAD_BOX}>envFrom", everything)
    (found,) = found_in(edited(documents, "1>spec>entrypoint", said))
    assert "/home/ray/runs is not below" in found.said


def test_storage_may_be_named_by_the_job() -> None:
    documents = edited(good("manifest"), f"{HEAD_BOX}>env>0", GONE)
    said = "mdml-tune search rooms_mdml --address auto --storage /mnt/mdml/runs"
    assert found_in(edited(documents, "1>spec>entrypoint", said)) == []
    env = "env_vars:\n  MDML_STORAGE: /home/ray\n"
    (found,) = found_in(edited(documents, "1>spec>runtimeEnvYAML", env))
    assert "/home/ray is not below" in found.said


@pytest.mark.parametrize(
    ("written", "means"),
    [("4", 4.0), (4, 4.0), ("500m", 0.5), ("0", 0.0), ("many", None), (None, None), (True, None)],
)
def test_quantities(written: object, means: float | None) -> None:
    assert quantity(written) == means


@pytest.mark.parametrize("path", ["1>spec", SPEC, HEAD, HEAD_POD, f"{HEAD_POD}>containers", HEAD_BOX,
                                  f"{HEAD_BOX}>env", f"{SPEC}>workerGroupSpecs", SPOT, SPOT_POD,
                                  f"{SPOT_POD}>volumes", f"{HEAD}>rayStartParams", "0>spec",
                                  "1>metadata", f"{SPEC}>autoscalerOptions"])  # fmt: skip
@pytest.mark.parametrize("value", [None, "text", {"a": 1}, [[{}]]])
def test_values_of_any_shape_are_told_not_stumbled_over(path: str, value: object) -> None:
    for one in found_in(edited(good("manifest"), path, value)):
        assert one.said
        assert "\n" not in one.said
