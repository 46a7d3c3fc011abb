"""Whether all pods see one storage, and where runs are tracked."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from mdml_tune.cli.checking.checks import Check, problem, warning
from mdml_tune.cli.checking.cluster_file.lookup import PLACEHOLDER, text, texts, walk
from mdml_tune.cli.checking.cluster_file.manifest import (
    ELSEWHERE,
    SHARED_KINDS,
    Group,
    Manifest,
    RayPart,
)
from mdml_tune.cli.checking.cluster_file.sharing import server_hosts

MANY = "ReadWriteMany"


def storage(manifest: Manifest) -> Iterator[Check]:
    for part in manifest.clusters:
        shared = shared_folders(part)
        if not shared:
            yield problem(
                f"{part.where}.headGroupSpec.template.spec.volumes",
                "head and workers mount no folder that they share: a study would be refused",
                f"mount one claim ({MANY}) or NFS volume at /mnt/mdml in all groups",
            )
        place = _variable(manifest, part.head, "MDML_STORAGE", "--storage")
        if shared and place is None:
            said = "nothing says where a study is kept: the default is a folder of the head alone"
            remedy = f"set MDML_STORAGE of the head to a folder below {min(shared)}"
            yield warning(f"{part.head.container_path}.env", said, remedy)
        elif shared and place and not any(PurePosixPath(place).is_relative_to(f) for f in shared):
            said = f"{place} is not below a shared folder ({', '.join(sorted(shared))})"
            remedy = f"set it to a folder below {min(shared)}"
            yield problem(f"{part.head.container_path}.env.MDML_STORAGE", said, remedy)


def claims(manifest: Manifest) -> Iterator[Check]:
    """Claims of shared folders can be mounted by many nodes."""
    for part in manifest.clusters:
        for name in sorted(_claims(part)):
            made = manifest.named("PersistentVolumeClaim", name)
            if PLACEHOLDER in name:
                continue
            if made is None:
                said = f"the claim {name} is not made in this file"
                yield warning(part.where, said, f"make sure that it is there and {MANY}")
            elif MANY not in texts(made.spec, "accessModes"):
                said = f"{', '.join(texts(made.spec, 'accessModes')) or 'none'}: one node alone mounts it"
                yield problem(f"{made.where}.spec.accessModes", said, f"write {MANY}")


def tracking(manifest: Manifest) -> Iterator[Check]:
    for part in manifest.clusters:
        uri = _variable(manifest, part.head, "MLFLOW_TRACKING_URI", "--tracking-uri")
        remedy = "name a tracking server: MLFLOW_TRACKING_URI: http://..."
        where = f"{part.head.container_path}.env.MLFLOW_TRACKING_URI"
        if uri is None:
            said = "no tracking server is named: a study on several nodes is refused without"
            yield warning(where, said, remedy)
        elif uri != ELSEWHERE and (uri.startswith("sqlite") or "://" not in uri):
            yield problem(
                where, f"{uri} is a file of one node: a study on several is refused", remedy
            )


def tracking_server(manifest: Manifest) -> Iterator[Check]:
    for part in manifest.clusters:
        for group in part.groups:
            said = walk(group.container, group.container_path)
            yield from server_hosts((where, one) for where, one in said if isinstance(one, str))


def shared_folders(part: RayPart) -> set[str]:
    """Folders that the head and every group of workers mount from the same place."""
    found = [_shared(group) for group in part.groups]
    return {path for path in found[0] if all(one.get(path) == found[0][path] for one in found)}


def _shared(group: Group) -> dict[str, str]:
    """Folder -> what stands behind it, where that can be the same on another node."""
    found: dict[str, str] = {}
    for path, volume, part in group.mounted():
        claim = text(volume, "persistentVolumeClaim", "claimName")
        if claim or any(kind in volume for kind in (*SHARED_KINDS, "csi")):
            named = claim or str({k: v for k, v in volume.items() if k != "name"})
            found[path] = f"{named}/{part}"
    return found


def _claims(part: RayPart) -> set[str]:
    """Of volumes that more than one group mounts: only these must be for many."""
    by_group = [
        {text(volume, "persistentVolumeClaim", "claimName") for _, volume, _ in group.mounted()}
        - {""}
        for group in part.groups
    ]
    everywhere = [name for names in by_group for name in names]
    many_pods = {
        n for g, names in zip(part.groups, by_group, strict=True) if g.most > 1 for n in names
    }
    return {name for name in everywhere if everywhere.count(name) > 1} | many_pods


def _variable(manifest: Manifest, head: Group, name: str, option: str) -> str | None:
    """Where the search takes it from: the head's environment, the job's, or its arguments."""
    found = head.environment(name)
    for job in () if found else manifest.jobs:
        said = f"{text(job.spec, 'entrypoint')}\n{text(job.spec, 'runtimeEnvYAML')}"
        match = re.search(rf"(?:{name}[=:]|{option}[=\s])\s*[\"']?([^\s\"']+)", said)
        found = found if match is None else match[1]
    return found


RULES = (storage, claims, tracking, tracking_server)
