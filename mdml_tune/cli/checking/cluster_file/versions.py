"""Which Ray and which Python a file puts on the nodes."""

import platform
import re
from collections.abc import Iterable, Iterator
from importlib import metadata

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from mdml_tune.cli.checking.checks import Check, problem, warning
from mdml_tune.cli.checking.cluster_file.lookup import PLACEHOLDER

PACKAGE = "mdml-tune"

_PINNED = re.compile(r"(?<![\w.-])ray(?:\[[\w,]+\])?\s*==\s*([0-9][\w.]*)")
_UNPINNED = re.compile(r"pip3? install\b[^;&|\n]*?[\s'\"]ray(?:\[[\w,]+\])?(?=['\"\s]|$)")
_NIGHTLY = re.compile(r"ray-wheels/(?:latest|master)|3\.0\.0\.dev0|rayproject/ray[\w-]*:nightly")
_OF_IMAGE = re.compile(r"(?:^|/)rayproject/ray[\w-]*:(\d+\.\d+\.\d+)")
_PYTHON = re.compile(r"-py(\d)(\d+)")


def in_command(where: str, command: str) -> Iterator[Check]:
    """Which Ray a shell command installs."""
    if _NIGHTLY.search(command):
        yield _nightly(where)
    for found in _PINNED.finditer(command):
        yield from of_ray(where, found[1])
    if _UNPINNED.search(command):
        said = "installs whatever Ray is the newest on that day"
        yield warning(where, said, f"pin it: ray[default]=={metadata.version('ray')}")


def in_image(where: str, image: str) -> Iterator[Check]:
    """Which Ray and Python a container image has, as far as its name says it."""
    if PLACEHOLDER in image:
        return
    if _NIGHTLY.search(image):
        yield _nightly(where)
        return
    tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2]
    if "@sha256:" not in image and tag in ("", "latest"):
        said = f"{image} names no version: nodes that start on different days differ"
        yield warning(where, said, "name a version, better a digest")
    if found := _OF_IMAGE.search(image):
        yield from of_ray(where, found[1])
        yield from _python(where, image)


def of_ray(where: str, version: str) -> Iterator[Check]:
    """Whether the package runs with it, and whether it is the one here."""
    here = metadata.version("ray")
    bound = next(
        needed.specifier
        for needed in map(Requirement, metadata.requires(PACKAGE) or [])
        if needed.name == "ray"
    )
    if not bound.contains(Version(version)):
        yield problem(where, f"Ray {version}; mdml-tune needs {bound}", f"take Ray {here}")
    elif version != here:
        said = f"Ray {version}, here is {here}: ray up and ray submit expect the same"
        yield warning(where, said, f"take Ray {here} on both sides")


def disagreeing(images: Iterable[tuple[str, str]]) -> Iterator[Check]:
    """Head and workers of one cluster must run the same Ray and the same Python."""
    found = {
        (one[1], tuple(_PYTHON.findall(image)))
        for _, image in images
        if (one := _OF_IMAGE.search(image))
    }
    if len(found) > 1:
        said = "the images differ in Ray or Python: workers are refused by the head"
        yield problem("images", said, "take the same version for head and workers")


def _python(where: str, image: str) -> Iterator[Check]:
    here = platform.python_version_tuple()[:2]
    found = _PYTHON.search(image)
    needed = SpecifierSet(str(metadata.metadata(PACKAGE)["Requires-Python"]))
    wanted = f"take -py{''.join(here)}"
    if found is None:
        yield warning(where, f"{image} does not say which Python it has", wanted)
    elif not needed.contains(f"{found[1]}.{found[2]}"):
        yield problem(where, f"Python {found[1]}.{found[2]}; mdml-tune needs {needed}", wanted)
    elif found.groups() != here:
        said = f"Python {found[1]}.{found[2]}, here is {'.'.join(here)}: the lock was made for ours"
        yield warning(where, said, wanted)


def _nightly(where: str) -> Check:
    return problem(where, "a nightly build of Ray", f"take Ray {metadata.version('ray')}")
