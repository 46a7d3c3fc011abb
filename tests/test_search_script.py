"""`python search.py`, as `ray submit` leaves it: alone in a home, in a terminal that may close."""

import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import pytest

import mdml_tune
from mdml_tune.storage.status import State, read_status

REPOSITORY = Path(mdml_tune.__file__).parents[1]
SCRIPT = REPOSITORY / "mdml_tune/search.py"
STUDY = """\
study: tiny
trial:
  data: {dataset: rooms, tasks: [segmentation], train_size: 4, val_size: 2, test_size: 2,
         image_size: [16, 24]}
  network: {kind: unet, width: 4}
  training: {epochs: EPOCHS, batch_size: 2}
  mutual: {weight: {log_uniform: [0.03, 3.0]}}
baseline: {seeds: 1}
search: {trials: 1, sampler: {kind: random}}
confirm: null
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    shutil.copy(SCRIPT, tmp_path / "search.py")
    return tmp_path


def run(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k not in {"RAY_ADDRESS", "PYTHONPATH"}}
    return subprocess.run(
        [sys.executable, "search.py", *arguments],
        cwd=home,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def add_package(place: Path, main: str) -> None:
    (place / "mdml_tune/cli").mkdir(parents=True)
    for path in ("__init__.py", "cli/__init__.py"):
        (place / "mdml_tune" / path).touch()
    (place / "mdml_tune/cli/main.py").write_text(main)


def test_it_detects_its_cluster_unless_it_is_told(home: Path) -> None:
    add_package(home, "main = print\n")
    assert run(home, "rooms").stdout == "['search', '--address', 'detect', 'rooms']\n"
    assert run(home, "x", RAY_ADDRESS="10.0.0.1:6379").stdout == "['search', 'x']\n"
    # The last of two addresses is the one that counts.
    said = run(home, "--ray-address", "local").stdout
    assert said == "['search', '--address', 'detect', '--ray-address', 'local']\n"


def test_another_package_of_this_name_is_not_taken_for_ours(home: Path) -> None:
    (home / "mdml_tune").mkdir()
    (home / "mdml_tune/notes.txt").touch()
    done = run(home, "--help")  # a folder without __init__.py hides nothing
    assert done.returncode == 0, done.stderr
    assert "--ray-address" in done.stdout
    (home / "mdml_tune/__init__.py").write_text("raise RuntimeError\n")
    done = run(home, "--help")
    assert done.returncode == 3
    assert done.stderr.startswith(f"error: {home}/mdml_tune is not the package mdml_tune")
    assert "Traceback" not in done.stderr


def test_a_package_that_is_not_installed_is_named(home: Path) -> None:
    add_package(home, "import no_such_module\n")
    done = run(home)
    assert done.returncode == 3
    assert "no_such_module" in done.stderr
    assert "make setup" in done.stderr


def test_a_mistake_is_one_message_and_a_status(home: Path) -> None:
    done = run(home, "no_such_study", "--status-file", "s.json")
    assert done.returncode == 2
    status = read_status(home / "s.json")
    assert status is not None
    assert (status.state, status.exit_code) == (State.FAILED, 2)
    assert status.message in done.stderr
    assert sorted(path.name for path in home.iterdir()) == ["s.json", "search.py"]


@pytest.mark.slow
def test_a_terminal_that_closes_ends_it_in_order(home: Path) -> None:
    (home / "tiny.yaml").write_text(STUDY.replace("EPOCHS", "2000"))
    command = ["search.py", "tiny.yaml", "--status-file", "s.json"]
    pid, terminal = pty.fork()
    if pid == 0:  # in the new terminal, as a program that ssh -tt has started
        os.chdir(home)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whatever nohup the tests run under
        environment = {**os.environ, "RAY_ADDRESS": "local"}
        os.execve(sys.executable, [sys.executable, *command], environment)  # noqa: S606
    said = b""
    while (status := read_status(home / "s.json")) is None or status.phase is None:
        if select.select([terminal], [], [], 0.2)[0]:  # else the view would wait for a reader
            said += os.read(terminal, 4096)
    os.close(terminal)
    exit_code = ended(pid)
    assert exit_code == 130, said.decode()
    for path in (home / "s.json", home / "mdml_runs/studies/tiny/status.json"):
        status = read_status(path)
        assert status is not None
        assert (status.state, status.exit_code, status.phase) == (
            State.INTERRUPTED,
            130,
            "baseline",
        )
    assert not (home / "mdml_runs/studies/tiny/LOCK").exists()


def ended(pid: int, patience: float = 120.0) -> int:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    pytest.fail("it hangs")


@pytest.fixture
def host() -> Generator[Path]:
    """A network of its own with nobody in it but a head that `ray start` has started."""
    if subprocess.run(["unshare", "--net", "true"], check=False, capture_output=True).returncode:
        if "CI" in os.environ:
            pytest.fail("no network of its own can be made here")
        pytest.skip("NOT TESTED: `unshare --net` needs root")
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


IN_ITS_NETWORK = """
set -e
ip link set lo up
ray start --head --port=6399 --node-ip-address=127.0.0.1 --temp-dir=$HOST/ray --num-cpus=1 \\
    --include-dashboard=false --disable-usage-stats --block > $HOST/log 2>&1 &
head=$!
trap "kill $head; wait $head || true" EXIT
for _ in $(seq 600); do [ -e $HOST/ray/ray_current_cluster ] && break; sleep 0.1; done
python search.py tiny.yaml
"""


@pytest.mark.slow
def test_the_cluster_of_this_host_is_joined(home: Path, host: Path) -> None:
    (home / "tiny.yaml").write_text(STUDY.replace("EPOCHS", "2"))
    binaries = Path(sys.executable).parent
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")}
    done = subprocess.run(
        ["unshare", "--net", "bash", "-c", IN_ITS_NETWORK],
        cwd=home,
        env=environment | {"HOST": str(host), "PATH": f"{binaries}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "joining the Ray cluster at 127.0.0.1:6399: 1 node, 1 CPU, 0 GPU\n" in done.stdout
    status = read_status(home / "mdml_runs/studies/tiny/status.json")
    assert status is not None
    assert status.state is State.DONE
