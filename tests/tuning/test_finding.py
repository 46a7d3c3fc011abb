"""Which cluster a host belongs to, told from its processes."""

from pathlib import Path

import pytest
from processes import Processes

from mdml_tune.errors import UnavailableError
from mdml_tune.tuning import finding
from mdml_tune.tuning.finding import cluster_of_this_host, resolved


@pytest.fixture
def processes(tmp_path: Path) -> Processes:
    return Processes(tmp_path / "proc")


def test_a_cluster_of_ray_start_is_found(processes: Processes, tmp_path: Path) -> None:
    assert cluster_of_this_host(processes.folder) is None
    processes.add("/usr/bin/python", "-m", "http.server")
    processes.add()  # the kernel's have no command line
    token = ("HOME=/root", "RAY_AUTH_MODE=token")
    processes.add_raylet(tmp_path / "ray", "10.0.0.1:6379", environment=token)
    assert cluster_of_this_host(processes.folder) == ("10.0.0.1:6379", "token")


def test_the_session_of_a_program_is_not_joined(processes: Processes, tmp_path: Path) -> None:
    processes.add_raylet(tmp_path / "ray", "127.0.0.1:41234", started=False)
    assert cluster_of_this_host(processes.folder) is None
    # Nor where an earlier cluster has left its note in the same folder.
    (tmp_path / "ray/ray_current_cluster").write_text("10.0.0.1:6379")
    assert cluster_of_this_host(processes.folder) is None


def test_another_container_is_another_host(processes: Processes, tmp_path: Path) -> None:
    processes.add_raylet(tmp_path / "ray", "10.0.0.1:6379", network="net:[2]")
    assert cluster_of_this_host(processes.folder) is None


def test_a_process_that_ends_meanwhile_is_passed_over(processes: Processes, tmp_path: Path) -> None:
    (processes.add("raylet") / "cmdline").unlink()
    processes.add_raylet(tmp_path / "ray", "10.0.0.1:6379")
    assert cluster_of_this_host(processes.folder) == ("10.0.0.1:6379", None)


def test_what_only_mentions_a_raylet_is_passed_over(processes: Processes, tmp_path: Path) -> None:
    flags = (f"--temp_dir={tmp_path / 'old'}", "--gcs-address=10.0.0.9:6379")
    (tmp_path / "old").mkdir()
    (tmp_path / "old/ray_current_cluster").write_text("10.0.0.9:6379")
    processes.add("tail", "-f", "/opt/ray/raylet/raylet")
    processes.add("strace", "raylet", *flags)
    processes.add("/usr/local/bin/raylet", "--version")
    processes.add("/usr/local/bin/raylet", flags[0])
    assert cluster_of_this_host(processes.folder) is None
    processes.add_raylet(tmp_path / "ray", "10.0.0.1:6379")
    assert cluster_of_this_host(processes.folder) == ("10.0.0.1:6379", None)


def test_of_several_clusters_none_is_guessed(processes: Processes, tmp_path: Path) -> None:
    processes.add_raylet(tmp_path / "one", "10.0.0.1:6379")
    processes.add_raylet(tmp_path / "one", "10.0.0.1:6379")  # two raylets of one cluster are fine
    assert cluster_of_this_host(processes.folder) is not None
    processes.add_raylet(tmp_path / "two", "10.0.0.1:6380")
    with pytest.raises(UnavailableError, match=r"10.0.0.1:6379, 10.0.0.1:6380.*--address local"):
        cluster_of_this_host(processes.folder)


def test_only_detect_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "cluster_of_this_host", lambda: ("10.0.0.1:6379", "token"))
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    assert resolved("detect") == "10.0.0.1:6379"
    assert finding.os.environ["RAY_AUTH_MODE"] == "disabled"  # what the user says wins
    monkeypatch.delenv("RAY_AUTH_MODE")
    assert resolved("detect") == "10.0.0.1:6379"
    assert finding.os.environ["RAY_AUTH_MODE"] == "token"
    monkeypatch.setattr(finding, "cluster_of_this_host", lambda: None)
    assert resolved("detect") is None
    assert resolved("auto") == "auto"
    assert resolved(None) is None
