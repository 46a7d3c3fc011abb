"""What has not been filled in, and what stands twice."""

from collections.abc import Iterator

from mdml_tune.cli.checking.checks import Check, problem
from mdml_tune.cli.checking.cluster_file.lookup import PLACEHOLDER, section, walk
from mdml_tune.cli.checking.cluster_file.reading import ClusterFile


def unedited(where: str, document: object) -> Iterator[Check]:
    """Values and keys that only the user knows."""
    for path, value in walk(document, where):
        if isinstance(value, str) and PLACEHOLDER in value:
            yield problem(path, f"still says {_short(value)}", "fill it in")
        for key in section(value):
            if PLACEHOLDER in key:
                yield problem(f"{path}.{key}", "still to be named", "fill it in")


def duplicates(file: ClusterFile) -> Iterator[Check]:
    for said in file.duplicates:
        yield problem(file.path.name, f"{said} is given twice: the first is ignored", "keep one")


def _short(value: str) -> str:
    words = [word for word in value.split() if PLACEHOLDER in word]
    return words[0].strip("\"',;")
