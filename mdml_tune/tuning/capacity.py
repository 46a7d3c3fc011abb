"""How many trials fit on nodes: on those that are there, and on those that can still come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mdml_tune.spaces.plan import Resources

_HEAD = "node:__internal_head__"
"""The resource by which Ray marks the head."""


@dataclass(frozen=True, slots=True)
class Node:
    cpus: float
    gpus: float
    is_head: bool = False

    @classmethod
    def of(cls, resources: Mapping[str, float]) -> "Node":
        """From what Ray says of it."""
        return cls(resources.get("CPU", 0.0), resources.get("GPU", 0.0), _HEAD in resources)

    def holds(self, resources: Resources) -> int:
        """Trials that run on it at once; one never spans nodes."""
        on_cpus = int(self.cpus / resources.cpus)
        if not resources.gpus:
            return on_cpus
        return min(on_cpus, _trials_on_gpus(self.gpus, resources.gpus))

    def __str__(self) -> str:
        return f"{self.cpus:g} CPU and {self.gpus:g} GPU"


@dataclass(frozen=True, slots=True)
class NodeType:
    """Nodes that an autoscaler can start."""

    name: str
    node: Node
    most: int


@dataclass(frozen=True, slots=True)
class Growth:
    """What a cluster can become."""

    types: tuple[NodeType, ...]
    most: int
    """Nodes of all types together."""

    def fits(self, there: Sequence[Node], resources: Resources) -> int:
        """Trials at once on the cluster when it is as large as helps them.

        Args:
            there: The nodes that live. The head stays as it is; the others are of the types.
            resources: Of each trial.
        """
        fixed = sum(node.holds(resources) for node in there if node.is_head)
        left, grown = self.most, 0
        for one in sorted(self.types, key=lambda one: -one.node.holds(resources)):
            count = min(one.most, left)
            grown += count * one.node.holds(resources)
            left -= count
        return max(fixed + grown, sum(node.holds(resources) for node in there))

    def __str__(self) -> str:
        types = (f"{one.most} x {one.name} ({one.node})" for one in self.types if one.most)
        return f"at most {self.most} nodes: {', '.join(types)}"


def _trials_on_gpus(gpus: float, each: float) -> int:
    # A fraction is carved out of one GPU; several trials never share the rest of two.
    return int(gpus) * int(1 / each) if each < 1 else int(gpus / each)
