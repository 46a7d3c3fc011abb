"""What a cluster launcher file of Ray says, by the names that rules ask for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from mdml_tune.cli.checking.cluster_file.lookup import at, number, section, text, texts, walk

CLOUDS = ("aws", "gcp")
"""Providers that make machines anew, which start empty and cost money."""

SETUP = (
    "initialization_commands",
    "setup_commands",
    "head_setup_commands",
    "worker_setup_commands",
)
START = ("head_start_ray_commands", "worker_start_ray_commands")
IMAGES = ("image", "head_image", "worker_image")

_ON_HEAD = ("initialization_commands", "setup_commands", "head_setup_commands", START[0])
_ON_WORKERS = (
    ("initialization_commands", ()),
    ("worker_setup_commands", ("setup_commands",)),
    (START[1], ()),
)
"""What a type may have of its own, and what it then does without."""


@dataclass(frozen=True)
class NodeType:
    name: str
    values: Mapping[str, object]
    is_head: bool

    @property
    def where(self) -> str:
        return f"available_node_types.{self.name}"

    @property
    def config(self) -> dict[str, object]:
        """What the provider is asked for."""
        return section(self.values, "node_config")

    @property
    def cpus(self) -> float | None:
        """None where the file does not say it."""
        return number(self.values, "resources", "CPU")

    @property
    def gpus(self) -> float:
        return number(self.values, "resources", "GPU") or 0.0

    @property
    def at_boot(self) -> list[str]:
        """Scripts that the provider runs when a machine starts."""
        return [
            value
            for path, value in walk(self.config)
            if isinstance(value, str) and ("UserData" in path or "metadata" in path)
        ]

    @property
    def is_spot(self) -> bool:
        """Whether the provider may take the machine back at any time."""
        if text(self.config, "InstanceMarketOptions", "MarketType") == "spot":
            return True
        scheduling = at(self.config, "scheduling")
        said = scheduling if isinstance(scheduling, list) else [scheduling]
        return any(
            at(one, "preemptible") is True or text(one, "provisioningModel") == "SPOT"
            for one in said
        )


@dataclass(frozen=True)
class Launcher:
    values: Mapping[str, object]

    @property
    def provider(self) -> str:
        return text(self.values, "provider", "type")

    @property
    def is_cloud(self) -> bool:
        return self.provider in CLOUDS

    @cached_property
    def types(self) -> tuple[NodeType, ...]:
        head = text(self.values, "head_node_type")
        found = section(self.values, "available_node_types")
        return tuple(NodeType(name, section(found, name), name == head) for name in found)

    @property
    def workers(self) -> tuple[NodeType, ...]:
        return tuple(one for one in self.types if not one.is_head)

    @property
    def head(self) -> NodeType | None:
        return next((one for one in self.types if one.is_head), None)

    def commands(self, *keys: str) -> Iterator[tuple[str, str]]:
        """Each command under ``keys``, for all nodes or for one type, with its path."""
        for key in keys:
            for index, command in enumerate(texts(self.values, key)):
                yield f"{key}.{index}", command
            for one in self.types:
                for index, command in enumerate(texts(one.values, key)):
                    yield f"{one.where}.{key}.{index}", command

    def on_each_kind(self) -> Iterator[list[str]]:
        """All that runs on the head, and then on each type of worker."""
        head = [one for key in _ON_HEAD for one in texts(self.values, key)]
        yield head + (self.head.at_boot if self.head else [])
        own_machines = (NodeType("worker", {}, is_head=False),)
        for one in self.workers if self.types else own_machines:
            found = one.at_boot
            for key, without in _ON_WORKERS:
                if key in one.values:
                    found += texts(one.values, key)
                else:
                    found += [cmd for k in (*without, key) for cmd in texts(self.values, k)]
            yield found

    def said(self, *keys: str) -> str:
        """All commands under ``keys``, one a line."""
        return "\n".join(command for _, command in self.commands(*keys))

    @cached_property
    def everything(self) -> str:
        """All that is run on nodes, and the options of their containers."""
        return "\n".join((self.said(*SETUP, *START), *self.container_options))

    @property
    def container_options(self) -> list[str]:
        keys = ("run_options", "head_run_options", "worker_run_options")
        shared = [option for key in keys for option in texts(self.values, "docker", key)]
        return shared + [
            option
            for one in self.types
            for option in texts(one.values, "docker", "worker_run_options")
        ]

    def images(self) -> Iterator[tuple[str, str]]:
        """Each container image, with its path."""
        for key in IMAGES:
            if name := text(self.values, "docker", key):
                yield f"docker.{key}", name
        for one in self.types:
            if name := text(one.values, "docker", "worker_image"):
                yield f"{one.where}.docker.worker_image", name

    @property
    def home(self) -> str:
        """Of the account that commands run under."""
        user = text(self.values, "auth", "ssh_user")
        return "/root" if user == "root" else f"/home/{user}"

    @property
    def mounts(self) -> dict[str, str]:
        """Path on the nodes -> path here."""
        found = section(self.values, "file_mounts")
        return {remote: here for remote, here in found.items() if isinstance(here, str)}
