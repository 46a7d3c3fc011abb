"""docker/compose.yaml as Docker Compose reads it: variables resolved, a service's command line whole."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "docker" / "compose.yaml"
DOCKERFILE = ROOT / "docker" / "Dockerfile"

_VARIABLE = re.compile(
    r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+)(?:(?P<how>:-|:\?)(?P<what>[^{}]*))?\})"
)


class MissingError(Exception):
    """A variable that must be set is not: Compose prints ``required variable NAME ...``."""


def resolved(value: Any, variables: Mapping[str, str]) -> Any:
    """Every ``${NAME}`` in a parsed file replaced, as the Compose specification says.

    Raises:
        MissingError: ``${NAME:?message}`` and no such variable.
    """
    if isinstance(value, dict):
        return {key: resolved(part, variables) for key, part in value.items()}
    if isinstance(value, list):
        return [resolved(part, variables) for part in value]
    return _interpolated(value, variables) if isinstance(value, str) else value


def _interpolated(text: str, variables: Mapping[str, str]) -> str:
    def one(found: re.Match[str]) -> str:
        if found["dollar"]:
            return "$"
        given = variables.get(found["name"], "")
        if not given and found["how"] == ":?":
            raise MissingError(f"required variable {found['name']} {found['what']}")
        return given or (found["what"] if found["how"] == ":-" else "")

    return _VARIABLE.sub(one, text)


def compose(variables: Mapping[str, str]) -> dict[str, Any]:
    return resolved(yaml.safe_load(COMPOSE.read_text()), variables)


@dataclass(frozen=True)
class Image:
    """What a service takes from docker/Dockerfile where it says nothing itself."""

    entrypoint: list[str]
    environment: dict[str, str]
    directory: str
    check: list[str]
    instructions: list[tuple[str, str]]

    @classmethod
    def of_dockerfile(cls) -> "Image":
        lines = "".join(
            line
            for line in DOCKERFILE.read_text().splitlines(keepends=True)
            if not line.startswith("#")
        )
        logical = re.sub(r"\\\n", " ", lines).splitlines()
        instructions = [(word, rest) for word, _, rest in (at.partition(" ") for at in logical)]
        environment = {
            name: value.strip('"')
            for word, rest in instructions
            if word == "ENV"
            for name, value in (pair.split("=", 1) for pair in rest.split())
        }
        last = dict(instructions)
        check = json.loads(last["HEALTHCHECK"].partition("CMD")[2])
        return cls(
            json.loads(last["ENTRYPOINT"]), environment, last["WORKDIR"], check, instructions
        )


@dataclass(frozen=True)
class Service:
    """One service as a container engine would start it."""

    name: str
    said: Mapping[str, Any]
    image: Image

    @property
    def ours(self) -> bool:
        return "build" in self.said

    @property
    def command(self) -> list[str]:
        """The whole command line."""
        entrypoint = self.image.entrypoint if self.ours else []
        return [*self.said.get("entrypoint", entrypoint), *self.said["command"]]

    @property
    def environment(self) -> dict[str, str]:
        return {**(self.image.environment if self.ours else {}), **self.said["environment"]}

    @property
    def directory(self) -> str:
        return self.said.get("working_dir", self.image.directory if self.ours else "/")

    @property
    def mounts(self) -> list[tuple[str, str, bool]]:
        """Volume or folder, where it stands, whether it is read-only."""
        parts = [at.split(":") for at in self.said["volumes"]]
        return [(source, target, bool(mode)) for source, target, *mode in parts]

    @property
    def check(self) -> list[str]:
        """The health check's command."""
        if "healthcheck" not in self.said:
            return self.image.check
        kind, *command = self.said["healthcheck"]["test"]
        assert kind == "CMD", "no shell is needed"
        return command


def internal(variables: Mapping[str, str]) -> dict[str, bool]:
    """The networks, and which of them have no way out."""
    networks = compose(variables)["networks"]
    return {name: said.get("internal", False) for name, said in networks.items()}


def services(variables: Mapping[str, str]) -> dict[str, Service]:
    image = Image.of_dockerfile()
    return {
        name: Service(name, said, image)
        for name, said in compose(variables)["services"].items()
    }  # fmt: skip
