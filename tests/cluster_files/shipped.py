"""The cluster files of the clone, read as their users' programs read them."""

from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[2]
SCRIPTS = PROJECT / "cluster" / "scripts"
CLOUDS = ("gpu", "gpu-gcp")
LAUNCHERS = (*CLOUDS, "onprem")


def launcher(name: str) -> dict[str, Any]:
    return yaml.safe_load((PROJECT / "cluster" / f"{name}.yaml").read_text())


def manifests() -> dict[tuple[str, str], dict[str, Any]]:
    """The documents of rayjob.yaml, by kind and name."""
    documents = yaml.safe_load_all((PROJECT / "cluster" / "rayjob.yaml").read_text())
    return {(one["kind"], one["metadata"]["name"]): one for one in documents}
