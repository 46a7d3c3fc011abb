"""mount_shared.sh on a machine whose mounts, file table and superuser are files of the test."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cluster_files.shipped import SCRIPTS

EXPORT = "fs-1.efs.us-west-2.amazonaws.com:/"
Run = Callable[..., subprocess.CompletedProcess[str]]

# What the script calls. `mount` takes what is the only line in our file table, if the server is up.
PROGRAMS = {
    "sudo": 'exec "$@"',
    "mountpoint": 'grep -qxF "$2" "$HERE/mounted"',
    "mount": '[ -e "$HERE/server" ] && grep -q " $1 " "$HERE/fstab" && echo "$1" >> "$HERE/mounted"',
    "sleep": 'echo slept >> "$HERE/slept"; [ ! -e "$HERE/late" ] || touch "$HERE/server"',
    "chown": 'echo "$@" >> "$HERE/owned"',
}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, body in PROGRAMS.items():
        (programs / name).write_text(f"#!/bin/bash\n{body}\n")
        (programs / name).chmod(0o755)
    (tmp_path / "mounted").touch()
    (tmp_path / "fstab").write_text("/dev/sda1 / ext4 defaults 0 1\n")
    (tmp_path / "server").touch()
    text = (SCRIPTS / "mount_shared.sh").read_text()
    copy = tmp_path / "mount_shared.sh"
    copy.write_text(text.replace("/etc/fstab", str(tmp_path / "fstab")))

    def mount(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        ours = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HERE": str(tmp_path),
            "MDML_SHARED": str(tmp_path / "mdml"),
        }
        return subprocess.run(
            ["bash", str(copy), *arguments],
            env=ours | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return mount


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def test_mounted_now_and_after_a_reboot(run: Run, tmp_path: Path) -> None:
    assert run(EXPORT).returncode == 0
    folder = str(tmp_path / "mdml")
    assert lines(tmp_path / "mounted") == [folder]
    old, line = lines(tmp_path / "fstab")
    assert old == "/dev/sda1 / ext4 defaults 0 1"
    source, where, kind, options, *_ = line.split()
    assert (source, where, kind) == (EXPORT, folder, "nfs")
    assert {"nfsvers=4.1", "hard", "_netdev", "nofail", "noresvport"} <= set(options.split(","))


def test_a_second_run_changes_nothing_and_another_address_replaces_the_first(
    run: Run, tmp_path: Path
) -> None:
    run(EXPORT)
    before = lines(tmp_path / "fstab")
    run(EXPORT)
    assert lines(tmp_path / "fstab") == before
    assert len(lines(tmp_path / "mounted")) == 1
    run("10.0.0.2:/mdml")
    first, second = lines(tmp_path / "fstab")
    assert first == before[0]
    assert second.startswith("10.0.0.2:/mdml ")


def test_nobody_writes_where_nothing_is_mounted(run: Run, tmp_path: Path) -> None:
    (tmp_path / "server").unlink()
    done = run(EXPORT)
    assert done.returncode == 1
    assert f"error: {EXPORT} could not be mounted" in done.stderr
    assert (tmp_path / "mdml").stat().st_mode & 0o777 == 0o555
    assert len(lines(tmp_path / "slept")) == 30


def test_a_server_that_comes_late_is_waited_for(run: Run, tmp_path: Path) -> None:
    (tmp_path / "server").unlink()
    (tmp_path / "late").touch()
    assert run(EXPORT).returncode == 0
    assert len(lines(tmp_path / "slept")) == 1


def test_version_three_comes_from_a_low_port(run: Run, tmp_path: Path) -> None:
    assert run("10.0.0.2:/mdml", MDML_NFS_VERSION="3").returncode == 0
    options = lines(tmp_path / "fstab")[-1].split()[3].split(",")
    assert "nfsvers=3" in options
    assert "noresvport" not in options


def test_without_an_address_it_says_how(run: Run) -> None:
    done = run()
    assert done.returncode != 0
    assert "usage: mount_shared.sh ADDRESS:/EXPORT" in done.stderr
