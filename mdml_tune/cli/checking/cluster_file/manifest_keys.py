"""Keys that KubeRay's resources do not have."""

from collections.abc import Iterator, Mapping

from mdml_tune.cli.checking.checks import Check, problem
from mdml_tune.cli.checking.cluster_file.lookup import section
from mdml_tune.cli.checking.cluster_file.manifest import Manifest
from mdml_tune.cli.checking.cluster_file.provider import nearest

RAY_JOB = frozenset(
    {"activeDeadlineSeconds", "backoffLimit", "rayClusterSpec", "submitterPodTemplate", "metadata",
     "clusterSelector", "submitterConfig", "managedBy", "deletionStrategy", "entrypoint",
     "runtimeEnvYAML", "jobId", "submissionMode", "entrypointResources", "entrypointNumCpus",
     "entrypointNumGpus", "ttlSecondsAfterFinished", "preRunningDeadlineSeconds",
     "shutdownAfterJobFinishes", "suspend"}
)  # fmt: skip
RAY_CLUSTER = frozenset(
    {"upgradeStrategy", "authOptions", "suspend", "managedBy", "autoscalerOptions",
     "headServiceAnnotations", "enableInTreeAutoscaling", "gcsFaultToleranceOptions",
     "historyServerOptions", "networkPolicy", "tlsOptions", "headGroupSpec", "rayVersion",
     "workerGroupSpecs"}
)  # fmt: skip
HEAD = frozenset(
    {"template", "headService", "enableIngress", "ingressOptions", "resources", "labels",
     "rayStartParams", "serviceType"}
)  # fmt: skip
WORKERS = frozenset(
    {"suspend", "groupName", "replicas", "minReplicas", "maxReplicas", "idleTimeoutSeconds",
     "priority", "resources", "labels", "rayStartParams", "template", "scaleStrategy", "numOfHosts"}
)  # fmt: skip
AUTOSCALER = frozenset(
    {"resources", "image", "imagePullPolicy", "securityContext", "idleTimeoutSeconds",
     "upscalingMode", "version", "env", "envFrom", "volumeMounts", "command", "args"}
)  # fmt: skip
AUTH = frozenset({"enableK8sTokenAuth", "secretName", "mode"})
# All of `ray.io/v1` as of KubeRay 1.7 (ray-operator/apis/ray/v1).


def unknown_keys(manifest: Manifest) -> Iterator[Check]:
    for job in manifest.jobs:
        yield from _unknown(f"{job.where}.spec", job.spec, RAY_JOB)
    for part in manifest.clusters:
        yield from _unknown(part.where, part.spec, RAY_CLUSTER)
        for key, known in (("autoscalerOptions", AUTOSCALER), ("authOptions", AUTH)):
            yield from _unknown(f"{part.where}.{key}", section(part.spec, key), known)
        for group in part.groups:
            yield from _unknown(group.where, group.values, HEAD if group.is_head else WORKERS)


def _unknown(where: str, values: Mapping[str, object], known: frozenset[str]) -> Iterator[Check]:
    for key in values:
        if key not in known:
            said = "KubeRay has no such key: the file is refused, or the key dropped"
            yield problem(f"{where}.{key}", said, nearest(key, known))
