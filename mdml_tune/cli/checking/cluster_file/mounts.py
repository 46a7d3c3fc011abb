"""What a launcher file brings to the nodes: the package, the spaces, the token."""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from mdml_tune.cli.amounts import size_text
from mdml_tune.cli.checking.checks import Check, problem, warning
from mdml_tune.cli.checking.cluster_file.launcher import SETUP, Launcher
from mdml_tune.cli.checking.cluster_file.lookup import PLACEHOLDER, text

MUCH = 100_000_000
"""Bytes below one mount that are more than code."""

NEVER = (".git", ".venv", "mlartifacts", "mdml_runs")
"""What a clone holds and no node needs."""

INSTALLER = "cluster/scripts/install.sh"
BUILT_FROM = ("mdml_tune", "search_spaces", "pyproject.toml", "README.md", "LICENSE")
INSTALLED_FROM = (*BUILT_FROM, "cluster", "requirements.lock")


def missing_here(launcher: Launcher) -> Iterator[Check]:
    for remote, here in launcher.mounts.items():
        if PLACEHOLDER in here or Path(here).expanduser().exists():
            continue
        remedy = "run ray up and the doctor from the root of the clone, or correct the path"
        if here.endswith("auth_token"):
            remedy = "make it: ray get-auth-token --generate"
        yield problem(
            f"file_mounts.{remote}", f"{here} is not there (seen from {Path.cwd()})", remedy
        )


def too_much(launcher: Launcher) -> Iterator[Check]:
    """Ray reads every byte below a mount at each call, whatever rsync leaves out."""
    for remote, here in launcher.mounts.items():
        folder = Path(here).expanduser()
        if not folder.is_dir():
            continue
        inside = [name for name in NEVER if (folder / name).exists()]
        remedy = (
            "mount only what nodes need: mdml_tune, search_spaces, cluster, pyproject.toml, ..."
        )
        if inside:
            said = f"{here} holds {', '.join(inside)}: Ray reads all of it at each call"
            yield warning(f"file_mounts.{remote}", said, remedy)
        elif (size := _size(folder)) > MUCH:
            said = f"{here} holds more than {size_text(size)}: Ray reads all of it at each call"
            yield warning(f"file_mounts.{remote}", said, remedy)


def what_is_installed(launcher: Launcher) -> Iterator[Check]:
    """An editable install needs its sources beside each other on the nodes."""
    said = launcher.said(*SETUP)
    if INSTALLER in said:
        needed = INSTALLED_FROM
    elif re.search(r"pip3? install\b.*(?:-e|--editable)\s", said):
        needed = BUILT_FROM
    else:
        return
    brought = {PurePosixPath(remote).name for remote in launcher.mounts}
    for name in needed:
        if name not in brought:
            yield problem(
                "file_mounts",
                f"{name} is not brought to the nodes, and the setup installs from it",
                f"add ~/mdml-tune/{name}: {name}",
            )


def package_reaches_nodes(launcher: Launcher) -> Iterator[Check]:
    said = launcher.said(*SETUP)
    if INSTALLER in said or re.search(r"pip3? install\b", said):
        return
    images = [image for _, image in launcher.images()]
    if not images or any(re.search(r"(?:^|/)rayproject/", image) for image in images):
        remedy = f"run bash ~/mdml-tune/{INSTALLER}, or give an image that has it"
        if launcher.said(*SETUP[1:]):
            yield warning("setup_commands", "mdml-tune is not seen to be installed", remedy)
        else:
            yield problem("setup_commands", "nothing installs mdml-tune on the nodes", remedy)


def token_is_brought(launcher: Launcher) -> bool:
    """The file itself, or its folder."""
    return any(
        remote.endswith(".ray/auth_token")
        or (PurePosixPath(remote).name == ".ray" and Path(here, "auth_token").expanduser().exists())
        for remote, here in launcher.mounts.items()
    )


def single_files_in_containers(launcher: Launcher) -> Iterator[Check]:
    if not any(True for _ in launcher.images()):
        return
    for remote, here in launcher.mounts.items():
        made_once = remote.endswith(".ray/auth_token")
        if Path(here).expanduser().is_file() and not made_once:
            yield warning(
                f"file_mounts.{remote}",
                "a single file: a running container keeps seeing the one it started with",
                "mount the folder that holds it",
            )


def mounts_before_the_container(launcher: Launcher) -> Iterator[Check]:
    """These commands run on the machine itself, where Ray has put the mounts somewhere else."""
    if not any(True for _ in launcher.images()):
        return
    place = f"/tmp/ray_tmp_mount/{text(launcher.values, 'cluster_name')}"  # noqa: S108 (Ray's choice)
    for where, command in launcher.commands("initialization_commands"):
        for remote in launcher.mounts:
            if re.search(rf"(?<![\w./]){re.escape(remote)}(?![\w.-])", command):
                said = f"{remote} is there in the container alone, and this runs before it"
                yield problem(where, said, f"write {place}/{remote}, in quotation marks")


def _size(folder: Path) -> int:
    """Bytes below; counting ends where it is too much."""
    found = 0
    for place, _, names in os.walk(folder):
        for name in names:
            found += Path(place, name).lstat().st_size
            if found > MUCH:
                return found
    return found


RULES = (
    missing_here,
    too_much,
    what_is_installed,
    package_reaches_nodes,
    single_files_in_containers,
    mounts_before_the_container,
)
