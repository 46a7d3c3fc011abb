"""The commands that make a new machine ready, run for real: its superuser, packages and mounts are ours."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cluster_files.shipped import CLOUDS, SCRIPTS, launcher

Run = Callable[[str], subprocess.CompletedProcess[str]]

# `apt-get update` fails as long as there is a file `busy`, which the machine's own update takes away.
PROGRAMS = {
    "sudo": 'exec "$@"',
    "dpkg-query": """
        package=${*: -1}
        grep -qxF "$package" "$HERE/installed" && printf installed
        """,
    "apt-get": """
        echo "$@" >> "$HERE/asked"
        [ ! -e "$HERE/busy" ] || { echo "Could not get lock /var/lib/apt/lists/lock" >&2; exit 100; }
        case " $* " in
            *" install "*)
                [ "$DEBIAN_FRONTEND" = noninteractive ] || exit 1  # it would wait for an answer
                grep -q " update" "$HERE/asked" || exit 1
                for word; do case $word in -*|*=*|install) ;; *) echo "$word" >> "$HERE/installed" ;; esac; done ;;
        esac
        """,
    "sleep": 'echo "$1" >> "$HERE/slept"; [ "$(wc -l < "$HERE/slept")" -lt 3 ] || rm -f "$HERE/busy"',
    "mountpoint": 'grep -qxF "$2" "$HERE/mounted"',
    "mount": 'grep -q " $1 " "$HERE/fstab" && grep -qx nfs-common "$HERE/installed" && echo "$1" >> "$HERE/mounted"',
    "chown": "true",
}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command as Ray does on a machine that has got the file mounts and nothing else."""
    programs = tmp_path / "bin"
    scripts = tmp_path / "mdml-tune" / "cluster" / "scripts"
    for folder in (programs, scripts):
        folder.mkdir(parents=True)
    for name, body in PROGRAMS.items():
        (programs / name).write_text(f"#!/bin/bash\n{body}\n")
        (programs / name).chmod(0o755)
    for script in SCRIPTS.glob("*.sh"):
        text = script.read_text().replace("/etc/fstab", str(tmp_path / "fstab"))
        (scripts / script.name).write_text(text)
    (tmp_path / "installed").write_text("rsync\n")
    for name in ("mounted", "fstab"):
        (tmp_path / name).touch()
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "HERE": str(tmp_path),
        "MDML_SHARED": str(tmp_path / "mdml"),
    }

    def command(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", line], env=environment, capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip

    return command


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.parametrize("name", CLOUDS)
def test_a_machine_that_updates_itself_gets_what_it_lacks_and_its_folder(
    run: Run, tmp_path: Path, name: str
) -> None:
    (tmp_path / "busy").touch()
    for command in launcher(name)["initialization_commands"]:
        done = run(command)
        assert done.returncode == 0, done.stderr
    packages = lines(tmp_path / "installed")
    assert sorted(packages) == ["nfs-common", "python3-venv", "rsync", "tmux"]
    assert lines(tmp_path / "mounted") == [str(tmp_path / "mdml")]
    assert len(lines(tmp_path / "slept")) == 3


@pytest.mark.parametrize("name", CLOUDS)
def test_again_nothing_is_asked_for(run: Run, tmp_path: Path, name: str) -> None:
    for _ in range(2):
        (tmp_path / "asked").unlink(missing_ok=True)
        for command in launcher(name)["initialization_commands"]:
            assert run(command).returncode == 0
    assert lines(tmp_path / "asked") == []
    assert len(lines(tmp_path / "mounted")) == 1


def test_what_cannot_be_installed_is_not_tried_for_ever(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bin" / "apt-get").write_text("#!/bin/bash\nexit 100\n")
    done = run("bash ~/mdml-tune/cluster/scripts/apt_install.sh rsync nfs-common tmux")
    assert done.returncode == 1
    assert "error: nfs-common tmux could not be installed" in done.stderr
    assert len(lines(tmp_path / "slept")) == 30


def test_machines_of_ones_own_are_asked_for_the_folder(run: Run, tmp_path: Path) -> None:
    (command,) = launcher("onprem")["initialization_commands"]
    folder = tmp_path / "there"
    here = command.replace("/mnt/mdml", str(folder))
    refused = run(here)
    assert refused.returncode == 1
    assert f"{folder} cannot be written to on" in refused.stdout
    folder.mkdir()
    assert run(here).returncode == 0
