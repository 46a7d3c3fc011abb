"""What install.sh asks pip for, in a Python that fits."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cluster_files.shipped import PROJECT

# `python -m pip` is written down instead of run.
PYTHON = f"""#!/bin/bash
[ "$1 $2" = "-m pip" ] && exec echo "$@" >> "$HOME/asked"
exec {sys.executable} "$@"
"""


@pytest.fixture
def install(tmp_path: Path) -> Callable[..., list[str]]:
    """Runs it on a copy of what it reads; the lines that pip was called with."""
    programs = tmp_path / "bin"
    scripts = tmp_path / "clone" / "cluster" / "scripts"
    for folder in (programs, scripts):
        folder.mkdir(parents=True)
    for name, text in (("python", PYTHON), ("mdml-tune", "#!/bin/sh\n")):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    for name in ("requirements.lock", "pyproject.toml", "cluster/scripts/install.sh"):
        (tmp_path / "clone" / name).write_text((PROJECT / name).read_text())

    def run(*extras: str) -> list[str]:
        asked = tmp_path / "asked"
        asked.write_text("")
        environment = {"HOME": str(tmp_path), "PATH": f"{programs}:{os.environ['PATH']}"}
        command = ["bash", str(scripts / "install.sh"), *extras]
        subprocess.run(command, env=environment, check=True, timeout=60)
        return asked.read_text().splitlines()

    return run


def test_the_package_and_its_pinned_needs_without_the_tools_of_its_developers(
    install: Callable[..., list[str]], tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    asked = install()
    assert all(f"--constraint {clone}/requirements.lock" in line for line in asked)
    assert not any(" -r " in line or "--requirement" in line for line in asked)
    builder, package = (line.split() for line in asked)
    assert builder[-1] == "setuptools"
    assert package[-2:] == ["--editable", f"{clone}[cluster,server]"]
    assert "--no-build-isolation" in package


def test_again_nothing_but_for_another_extra_or_another_lock(
    install: Callable[..., list[str]], tmp_path: Path
) -> None:
    install()
    assert install() == []
    assert install("aws")[-1].endswith("[cluster,server,aws]")
    assert install("aws") == []
    assert install("aws", "gcp")[-1].endswith("[cluster,server,aws,gcp]")
    with (tmp_path / "clone" / "requirements.lock").open("a") as lock:
        lock.write("# another\n")
    assert len(install("aws", "gcp")) == 2
