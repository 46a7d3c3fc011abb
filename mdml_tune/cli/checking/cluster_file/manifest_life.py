"""How a Ray cluster on Kubernetes grows, shrinks, survives and ends."""

from collections.abc import Iterator

from mdml_tune.cli.checking.checks import Check, problem, warning
from mdml_tune.cli.checking.cluster_file import kinds
from mdml_tune.cli.checking.cluster_file.lookup import at, number, section
from mdml_tune.cli.checking.cluster_file.manifest import Manifest

BRIEF = 300.0
"""Seconds within which a cloud has hardly made a machine and pulled an image."""


def autoscaling(manifest: Manifest) -> Iterator[Check]:
    for part in manifest.clusters:
        may_grow = any(
            group.most > (number(group.values, "replicas") or 0) for group in part.workers
        )
        if not part.scales and may_grow:
            yield problem(
                f"{part.where}.enableInTreeAutoscaling",
                "off: no worker beyond replicas is ever started",
                "write enableInTreeAutoscaling: true",
            )
        if part.scales and not section(part.spec, "autoscalerOptions"):
            said = "not given: idle pods go after 60 s, before a machine would have booted again"
            yield warning(f"{part.where}.autoscalerOptions", said, "write idleTimeoutSeconds: 600")


def idle_timeout(manifest: Manifest) -> Iterator[Check]:
    for part in manifest.clusters:
        options = section(part.spec, "autoscalerOptions")
        if part.scales and options:
            where = f"{part.where}.autoscalerOptions.idleTimeoutSeconds"
            seconds = number(options, "idleTimeoutSeconds")
            yield from kinds.idle_timeout(where, seconds, 60, BRIEF, "give 600")


def trials_on_head(manifest: Manifest) -> Iterator[Check]:
    for part in manifest.clusters:
        if part.workers and (part.head.cpus != 0 or part.head.gpus):
            where = f"{part.head.where}.rayStartParams.num-cpus"
            yield kinds.trials_on_head(where, 'write num-cpus: "0"')


def spot(manifest: Manifest) -> Iterator[Check]:
    for part in manifest.clusters:
        workers = [(group.pod_path, group, group.most) for group in part.workers]
        yield from kinds.spot((part.head.pod_path, part.head), workers)


def after_failure(manifest: Manifest) -> Iterator[Check]:
    for job in manifest.jobs:
        selected = "clusterSelector" in job.spec
        if not selected and not number(job.spec, "backoffLimit"):
            said = "none: with the head the study ends, though it could go on from its storage"
            yield warning(f"{job.where}.spec.backoffLimit", said, "write backoffLimit: 3")


def when_done(manifest: Manifest) -> Iterator[Check]:
    for job in manifest.jobs:
        if "rayClusterSpec" not in job.spec or "deletionStrategy" in job.spec:
            continue
        if at(job.spec, "shutdownAfterJobFinishes") is not True:
            said = "the cluster, its machines included, stays when the study has ended"
            where = f"{job.where}.spec.shutdownAfterJobFinishes"
            yield warning(where, said, "write shutdownAfterJobFinishes: true")


RULES = (autoscaling, idle_timeout, trials_on_head, spot, after_failure, when_done)
