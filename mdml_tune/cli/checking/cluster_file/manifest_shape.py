"""What a RayJob or RayCluster must say for KubeRay to take it."""

from collections import Counter
from collections.abc import Iterator

from mdml_tune.cli.checking.checks import Check, problem, warning
from mdml_tune.cli.checking.cluster_file import versions
from mdml_tune.cli.checking.cluster_file.lookup import (
    PLACEHOLDER,
    entries,
    number,
    section,
    text,
    walk,
)
from mdml_tune.cli.checking.cluster_file.manifest import GPU, Group, Manifest, RayPart

API = "ray.io/v1"


def identity(manifest: Manifest) -> Iterator[Check]:
    for one in manifest.documents:
        for keys in (("apiVersion",), ("kind",), ("metadata", "name")):
            if not text(one.values, *keys):
                yield problem(f"{one.where}.{'.'.join(keys)}", "not given", "write it")
        version = text(one.values, "apiVersion")
        if one.kind.startswith("Ray") and version and version != API:
            yield problem(f"{one.where}.apiVersion", f"{version} is gone", f"write {API}")


def is_there(manifest: Manifest) -> Iterator[Check]:
    if not manifest.clusters and not any(section(j.spec, "clusterSelector") for j in manifest.jobs):
        yield problem("rayClusterSpec", "no RayJob or RayCluster describes a cluster", "add one")
    for job in manifest.jobs:
        interactive = text(job.spec, "submissionMode") == "InteractiveMode"
        if not text(job.spec, "entrypoint") and not interactive:
            remedy = "write entrypoint: python -m mdml_tune.search rooms_mdml"
            yield problem(f"{job.where}.spec.entrypoint", "the job runs nothing", remedy)


def groups(manifest: Manifest) -> Iterator[Check]:
    for part in manifest.clusters:
        for group in part.groups:
            if not group.container:
                yield problem(f"{group.pod_path}.containers", "no container", "write one")
        yield from _names(part)
        for group in part.workers:
            yield from _replicas(group)


def start_parameters(manifest: Manifest) -> Iterator[Check]:
    for group in _groups(manifest):
        for key, value in section(group.values, "rayStartParams").items():
            if not isinstance(value, str):
                said = f"{value!r} is not text, which KubeRay asks for"
                yield problem(
                    f"{group.where}.rayStartParams.{key}", said, f'write {key}: "{value}"'
                )


def restart_policy(manifest: Manifest) -> Iterator[Check]:
    """A restarted container would join with another identity than the autoscaler knows."""
    for part in manifest.clusters:
        for group in part.groups if part.scales else ():
            policy = text(group.pod, "restartPolicy")
            if policy not in ("", "Never"):
                said = f"{policy}: version 2 of the autoscaler refuses pods that restart in place"
                yield problem(f"{group.pod_path}.restartPolicy", said, "write restartPolicy: Never")
    for job in manifest.jobs:
        pod = section(job.spec, "submitterPodTemplate", "spec")
        if pod and text(pod, "restartPolicy") not in ("Never", "OnFailure"):
            where = f"{job.where}.spec.submitterPodTemplate.spec.restartPolicy"
            yield problem(
                where, "a Job takes Never or OnFailure alone", "write restartPolicy: Never"
            )


def gpu_limits(manifest: Manifest) -> Iterator[Check]:
    for group in _groups(manifest):
        limits = section(group.container, "resources", "limits")
        requests = section(group.container, "resources", "requests")
        where = f"{group.container_path}.resources.limits.{GPU}"
        if GPU in requests and requests[GPU] != limits.get(GPU):
            yield problem(where, "GPUs are requested without the same limit", "write it in limits")
        elif group.gpus and not limits.get(GPU):
            said = "Ray is told of GPUs that the pod does not ask for"
            yield problem(where, said, f"write {GPU} in limits, and leave out num-gpus")


def images(manifest: Manifest) -> Iterator[Check]:
    for part in manifest.clusters:
        named = text(part.spec, "rayVersion")
        if not named:
            yield problem(
                f"{part.where}.rayVersion", "not given", "write the version of the image's Ray"
            )
        elif PLACEHOLDER not in named:
            yield from versions.of_ray(f"{part.where}.rayVersion", named)
        found = [(f"{g.container_path}.image", text(g.container, "image")) for g in part.groups]
        for where, image in found:
            yield from versions.in_image(where, image)
            if "rayproject/ray:" in image and named and f":{named}" not in image:
                yield problem(where, f"{image} is not of rayVersion {named}", "let both agree")
        yield from versions.disagreeing(found)


def install_commands(manifest: Manifest) -> Iterator[Check]:
    for one in manifest.documents:
        for where, value in walk(one.values, one.where):
            if isinstance(value, str) and "pip" in value:
                yield from versions.in_command(where, value)


def service_accounts(manifest: Manifest) -> Iterator[Check]:
    for group in _groups(manifest):
        name = text(group.pod, "serviceAccountName")
        if name and name != "default" and manifest.named("ServiceAccount", name) is None:
            where = f"{group.pod_path}.serviceAccountName"
            yield warning(where, f"{name} is not made in this file", "make sure that it is there")


def _names(part: RayPart) -> Iterator[Check]:
    counts = Counter(text(group.values, "groupName") for group in part.workers)
    for name, count in counts.items():
        if not name or count > 1:
            said = f"'{name}' stands {count} times" if name else "a group has no name"
            yield problem(f"{part.where}.workerGroupSpecs", said, "give each group a groupName")
    if not entries(part.spec, "workerGroupSpecs"):
        yield warning(f"{part.where}.workerGroupSpecs", "no workers", "add a group")


def _replicas(group: Group) -> Iterator[Check]:
    least, most = number(group.values, "minReplicas"), number(group.values, "maxReplicas")
    if most is None:
        said = "no limit: a fault could ask for machines without end"
        yield warning(f"{group.where}.maxReplicas", said, "write maxReplicas")
    elif (least or 0) > most:
        said = f"{most:g} is less than minReplicas {least:g}"
        yield problem(f"{group.where}.maxReplicas", said, "give at least as many")
    if least:
        said = f"{least:g} pods hold their machines, idle or not"
        yield warning(f"{group.where}.minReplicas", said, "write minReplicas: 0")


def _groups(manifest: Manifest) -> Iterator[Group]:
    for part in manifest.clusters:
        yield from part.groups


RULES = (
    identity,
    is_there,
    groups,
    start_parameters,
    restart_policy,
    gpu_limits,
    images,
    install_commands,
    service_accounts,
)
