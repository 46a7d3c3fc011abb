"""What the image needs of pyproject.toml, a line each; requirements.lock says in which version."""

import sys
import tomllib
from pathlib import Path

EXTRAS = ("cluster", "server")
"""A node of a Ray cluster, and an MLflow server on PostgreSQL."""


def requirements(pyproject: Path) -> list[str]:
    project = tomllib.loads(pyproject.read_text())["project"]
    extras = project["optional-dependencies"]
    return [*project["dependencies"], *(line for name in EXTRAS for line in extras[name])]


if __name__ == "__main__":
    sys.stdout.write("\n".join(requirements(Path(sys.argv[1]))) + "\n")
