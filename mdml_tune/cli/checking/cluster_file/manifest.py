"""What a Kubernetes manifest says of a Ray cluster, by the names that rules ask for."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from mdml_tune.cli.checking.cluster_file.lookup import at, entries, number, section, text, walk

GPU = "nvidia.com/gpu"
ELSEWHERE = ""
"""As the value of a variable: a Secret's, a ConfigMap's, the pod's own."""

SHARED_KINDS = ("nfs", "cephfs", "glusterfs", "azureFile")
"""Volumes that are one folder wherever they are mounted."""


@dataclass(frozen=True)
class Group:
    """Pods made alike: the head, or one kind of worker."""

    where: str
    values: Mapping[str, object]
    is_head: bool

    @property
    def name(self) -> str:
        return text(self.values, "groupName") or self.where

    @property
    def pod(self) -> dict[str, object]:
        return section(self.values, "template", "spec")

    @property
    def pod_path(self) -> str:
        return f"{self.where}.template.spec"

    @property
    def container(self) -> dict[str, object]:
        """The one that Ray runs in: the first."""
        found = entries(self.pod, "containers")
        return section(found[0]) if found else {}

    @property
    def container_path(self) -> str:
        return f"{self.pod_path}.containers.0"

    @property
    def cpus(self) -> float | None:
        said = self._parameter("num-cpus")
        if said is not None:
            return said
        for part in ("limits", "requests"):
            if (found := quantity(at(self.container, "resources", part, "cpu"))) is not None:
                return found
        return None

    @property
    def gpus(self) -> float:
        said = self._parameter("num-gpus")
        limit = quantity(at(self.container, "resources", "limits", GPU))
        return (limit or 0.0) if said is None else said

    @property
    def most(self) -> float:
        found = number(self.values, "maxReplicas")
        return (number(self.values, "replicas") or 0.0) if found is None else found

    @property
    def is_spot(self) -> bool:
        """Whether it asks for machines that may be taken back, by the words that clouds use."""
        wanted: list[object] = [section(self.pod, "nodeSelector")]
        for _, value in walk(section(self.pod, "affinity", "nodeAffinity")):
            if text(value, "operator") in ("In", "Exists"):
                wanted.append(value)
        chosen = str(wanted).lower()
        return "spot" in chosen or "preemptible" in chosen

    def environment(self, name: str) -> str | None:
        """The value of a variable; ELSEWHERE where it may come from what the file only names."""
        found = [one for one in entries(self.container, "env") if text(one, "name") == name]
        if not found:
            return ELSEWHERE if entries(self.container, "envFrom") else None
        return ELSEWHERE if "valueFrom" in section(found[-1]) else text(found[-1], "value") or None

    def mounted(self) -> Iterator[tuple[str, dict[str, object], str]]:
        """Each folder of the container, with the volume behind it, and which part of that."""
        volumes = {text(one, "name"): section(one) for one in entries(self.pod, "volumes")}
        for mount in entries(self.container, "volumeMounts"):
            volume = volumes.get(text(mount, "name"), {})
            yield text(mount, "mountPath").rstrip("/"), volume, text(mount, "subPath").strip("/")

    def _parameter(self, name: str) -> float | None:
        return quantity(at(self.values, "rayStartParams", name))


@dataclass(frozen=True)
class RayPart:
    """A RayCluster, or that of a RayJob."""

    where: str
    spec: Mapping[str, object]

    @property
    def head(self) -> Group:
        return Group(
            f"{self.where}.headGroupSpec", section(self.spec, "headGroupSpec"), is_head=True
        )

    @property
    def workers(self) -> tuple[Group, ...]:
        return tuple(
            Group(f"{self.where}.workerGroupSpecs.{index}", section(one), is_head=False)
            for index, one in enumerate(entries(self.spec, "workerGroupSpecs"))
        )

    @property
    def groups(self) -> tuple[Group, ...]:
        return (self.head, *self.workers)

    @property
    def scales(self) -> bool:
        return at(self.spec, "enableInTreeAutoscaling") is True


@dataclass(frozen=True)
class Document:
    where: str
    values: Mapping[str, object]

    @property
    def kind(self) -> str:
        return text(self.values, "kind")

    @property
    def spec(self) -> dict[str, object]:
        return section(self.values, "spec")


@dataclass(frozen=True)
class Manifest:
    raw: Sequence[Mapping[str, object]]

    @cached_property
    def documents(self) -> tuple[Document, ...]:
        return tuple(
            Document(f"{text(one, 'kind') or index}/{text(one, 'metadata', 'name')}", one)
            for index, one in enumerate(self.raw)
        )

    @property
    def jobs(self) -> tuple[Document, ...]:
        return tuple(one for one in self.documents if one.kind == "RayJob")

    @property
    def clusters(self) -> tuple[RayPart, ...]:
        found: list[RayPart] = []
        for one in self.documents:
            if one.kind == "RayCluster":
                found.append(RayPart(f"{one.where}.spec", one.spec))
            elif "rayClusterSpec" in one.spec:
                found.append(
                    RayPart(f"{one.where}.spec.rayClusterSpec", section(one.spec, "rayClusterSpec"))
                )
        return tuple(found)

    def named(self, kind: str, name: str) -> Document | None:
        """The document of that kind and name, if it stands in the file."""
        return next(
            (
                one
                for one in self.documents
                if one.kind == kind and text(one.values, "metadata", "name") == name
            ),
            None,
        )


def quantity(value: object) -> float | None:
    """A number as Kubernetes writes one of CPUs or devices: `4`, `"4"`, `500m`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(m?)", str(value))
    if found is None or isinstance(value, bool):
        return None
    return float(found[1]) / (1000 if found[2] else 1)
