"""A good cluster file, and the same with one thing changed."""

import json
from collections.abc import Sequence
from pathlib import Path

import yaml

from mdml_tune.cli.checking.checks import Check, State
from mdml_tune.cli.checking.cluster_file.examining import checks_of
from mdml_tune.cli.checking.cluster_file.reading import ClusterFile

GOOD = Path(__file__).parent / "cli" / "cluster_files"
GONE = object()
"""As a new value: the key or entry is taken out."""

SOURCES = (
    "mdml_tune/search.py", "search_spaces/rooms_mdml.yaml", "cluster/scripts/install.sh",
    "pyproject.toml", "README.md", "LICENSE", "requirements.lock", ".ray/auth_token",
)  # fmt: skip


def good(name: str) -> list[object]:
    """The documents of a good file."""
    return list(yaml.safe_load_all((GOOD / f"{name}.yaml").read_text()))


def edited(documents: Sequence[object], path: str, value: object) -> list[object]:
    """The same with another value at ``path``: steps with `>` between, the document's number first."""
    # Aliases are one object: changing one place must not change the others.
    found = json.loads(json.dumps(documents))
    here: object = found
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(">")]
    for step in steps:
        here = here.setdefault(step, {}) if isinstance(here, dict) else here[step]
    if value is GONE:
        del here[last]
    elif isinstance(here, list) and last == len(here):
        here.append(value)
    else:
        here[last] = value
    return found


def found_in(documents: Sequence[object]) -> list[Check]:
    """What the doctor finds in them, without what is well."""
    file = ClusterFile(Path("cluster.yaml"), documents, [])
    return [one for one in checks_of(file, None) if one.state is not State.OK]


def make_sources(place: Path) -> None:
    """Files where good ones mount them from."""
    for name in SOURCES:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text("")
