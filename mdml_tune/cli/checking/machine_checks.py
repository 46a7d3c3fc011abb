"""The doctor looks at this machine: versions, GPUs, limits."""

import platform
from collections.abc import Iterable
from importlib import metadata

import torch
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from mdml_tune.cli.amounts import size_text
from mdml_tune.cli.checking.checks import Check, ok, problem, warning
from mdml_tune.tuning.nodes import open_files

PACKAGE = "mdml-tune"
SHOWN = ("torch", "ray", "optuna", "mlflow")
FEWEST_FILES = 4096
"""Ray opens some hundred files and sockets, and a few for each worker."""

_MOST_USED = 0.5
"""Share of a GPU's memory that others may hold before it is worth a word."""


def versions() -> list[Check]:
    """One line for all that fit, one for each that does not."""
    about = metadata.metadata(PACKAGE)
    unfit = list(_unfit(metadata.requires(PACKAGE) or []))
    if not SpecifierSet(str(about["Requires-Python"])).contains(platform.python_version()):
        unfit.append(
            problem(
                "versions",
                f"Python {platform.python_version()}, needed is {about['Requires-Python']}",
                "make the environment anew with another Python",
            )
        )
    if unfit:
        return unfit
    there = ", ".join(f"{name} {metadata.version(name)}" for name in SHOWN)
    return [ok("versions", f"Python {platform.python_version()}, {there}")]


def _unfit(requirements: Iterable[str]) -> Iterable[Check]:
    for text in requirements:
        needed = Requirement(text)
        if needed.marker is not None and not needed.marker.evaluate():
            continue
        remedy = f"install '{needed.name}{needed.specifier}'"
        try:
            there = metadata.version(needed.name)
        except metadata.PackageNotFoundError:
            yield problem("versions", f"{needed.name} is not installed", remedy)
            continue
        if not needed.specifier.contains(there, prereleases=True):
            said = f"{needed.name} {there}, needed is {needed.specifier}"
            yield problem("versions", said, remedy)


def gpus() -> list[Check]:
    """What torch can use, and how much of it is taken."""
    if not torch.cuda.is_available():
        why = "torch was built without" if torch.version.cuda is None else "torch sees none"
        return [ok("GPUs", f"none ({why}): trials train on the CPU")]
    found: list[Check] = []
    for index in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(index)
        said = f"{torch.cuda.get_device_name(index)}, {size_text(free)} of {size_text(total)} free"
        if free < (1 - _MOST_USED) * total:
            remedy = "see who uses it (nvidia-smi), or leave it out with CUDA_VISIBLE_DEVICES"
            found.append(warning(f"GPU {index}", said, remedy))
        else:
            found.append(ok(f"GPU {index}", said))
    return found


def files() -> Check:
    """How many files a process may open."""
    limit = open_files()
    if limit < FEWEST_FILES:
        return warning("open files", f"at most {limit}", "raise the limit: ulimit -n 65536")
    return ok("open files", f"at most {limit:,}")
