"""The script that serves MLflow on a head node, run as `ray up` runs it."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from postgres import postgres

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="the script asks /proc who runs"),
]

SCRIPT = Path(__file__).parents[2] / "cluster" / "scripts" / "serve_mlflow.sh"
PATIENCE_S = 600
SEARCH = "/api/2.0/mlflow/experiments/search?max_results=10"


@dataclass(frozen=True)
class Head:
    """A home and a shared folder of its own."""

    home: Path
    shared: Path
    port: int

    @property
    def folder(self) -> Path:
        return self.home / ".mdml-tune" / "mlflow"

    @property
    def environment_file(self) -> Path:
        return self.home / ".mdml-tune" / "environment"

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def settings(self, **more: str) -> dict[str, str]:
        programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        own = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW", "MDML"))}
        return own | {
            "HOME": str(self.home),
            "PATH": programs,
            "MDML_SHARED": str(self.shared),
            "MDML_MLFLOW_PORT": str(self.port),
            "MDML_MLFLOW_PATIENCE_S": str(PATIENCE_S),
        } | more  # fmt: skip

    def serve(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """To its end, with the pipes closed: whoever holds them open is waited for in vain."""
        return subprocess.run(
            ["bash", str(SCRIPT), *arguments], env=self.settings(**more), check=False,
            capture_output=True, text=True, timeout=2 * PATIENCE_S, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def told(self) -> dict[str, str]:
        """What the environment file exports."""
        lines = self.environment_file.read_text().splitlines()
        return dict(re.fullmatch(r"export (\w+)=(.*)", line).groups() for line in lines)

    def login(self) -> tuple[str, str]:
        told = self.told()
        return told["MLFLOW_TRACKING_USERNAME"], told["MLFLOW_TRACKING_PASSWORD"]

    def pid(self, name: str) -> int:
        return int((self.folder / f"{name}.pid").read_text())

    def status(self) -> int | None:
        try:
            return requests.get(self.uri + SEARCH, auth=self.login(), timeout=5).status_code
        except OSError:
            return None


@pytest.fixture
def head(tmp_path: Path) -> Iterator[Head]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found = Head(tmp_path / "a home", tmp_path / "shared", probe.getsockname()[1])
    found.home.mkdir()
    found.shared.mkdir()
    yield found
    found.serve("--stop")


def test_from_the_first_call_to_the_last(head: Head) -> None:
    head.environment_file.parent.mkdir()
    head.environment_file.write_text("export RAY_AUTH_MODE=token\nexport MLFLOW_TRACKING_URI=old")
    done = head.serve()
    assert done.returncode == 0, done.stderr
    told = head.told()
    assert list(told) == [
        "RAY_AUTH_MODE", "MDML_STORAGE", "MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_USERNAME",
        "MLFLOW_TRACKING_PASSWORD",
    ]  # fmt: skip
    assert (told["RAY_AUTH_MODE"], told["MDML_STORAGE"]) == ("token", f"{head.shared}/runs")
    assert told["MLFLOW_TRACKING_URI"] == head.uri
    _, password = head.login()
    assert password not in done.stdout + done.stderr
    assert len(password) == 48
    assert_nobody_else_reads(head)
    assert_only_this_machine_enters(head)
    assert_the_doctor_is_content(head)

    keeper, server = head.pid("keeper"), head.pid("server")
    assert os.getsid(keeper) == keeper  # the end of the session that began it is not its own
    again = head.serve()
    assert again.returncode == 0, again.stderr
    assert (head.pid("keeper"), head.pid("server")) == (keeper, server)
    assert head.told() == told

    log = head.folder / "server.log"
    with log.open("ab") as file:
        file.write(b"x" * 11_000_000)
    os.kill(server, signal.SIGKILL)
    wait_until(lambda: head.pid("server") != server and head.status() == 200)
    assert head.pid("keeper") == keeper
    assert not alive(server)
    assert log.stat().st_size < 1_000_000
    assert (head.folder / "server.log.old").stat().st_size == 5_000_000

    other = Head(head.home, head.home.parent / "elsewhere", head.port)
    other.shared.mkdir()
    assert other.serve().returncode == 0
    assert not alive(keeper)
    assert head.pid("keeper") != keeper
    assert head.login() == (told["MLFLOW_TRACKING_USERNAME"], password)
    assert head.told()["MDML_STORAGE"] == f"{other.shared}/runs"
    assert head.status() == 200

    assert head.serve("--stop").returncode == 0
    wait_until(lambda: head.status() is None)
    assert not any(head.folder.glob("*.pid"))
    assert_no_process_of(head)


def test_on_postgresql(head: Head) -> None:
    with postgres() as database:
        store = database.create("mlflow").replace("+psycopg2", "")
        done = head.serve(MDML_MLFLOW_STORE=store)
        assert done.returncode == 0, done.stderr
        login = head.login()
        name = {"name": "kept"}
        create = f"{head.uri}/api/2.0/mlflow/experiments/create"
        assert requests.post(create, auth=login, json=name, timeout=PATIENCE_S).ok
        assert not (head.folder / "mlflow.db").exists()
        assert "CREATE TABLE public.experiments" in database.dump()
        # Later calls know the store, and a head that has lost its secrets makes new ones.
        head.serve("--stop")
        (head.folder / "password").unlink()
        assert head.serve().returncode == 0
        assert head.login() != login
        found = requests.get(head.uri + SEARCH, auth=head.login(), timeout=PATIENCE_S).json()
        assert "kept" in [experiment["name"] for experiment in found["experiments"]]
        assert requests.get(head.uri + SEARCH, auth=login, timeout=PATIENCE_S).status_code == 401
        assert_nobody_else_reads(head)
        for path in [head.folder / "server.log", *Path("/proc").glob("[0-9]*/cmdline")]:
            assert database.password not in read(path)
        head.serve("--stop")


def test_what_cannot_be_served_is_told(head: Head) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", head.port))
        other.listen()
        done = head.serve()
        assert done.returncode == 1
        assert f"error: Port {head.port} is taken by another program." in done.stderr
    nowhere = Head(head.home, head.home / "not mounted", head.port).serve()
    assert nowhere.returncode == 1
    assert "not mounted that can be written to. Mount the folder" in nowhere.stderr
    bare = head.serve(PATH="/usr/bin:/bin")
    assert bare.returncode == 1
    assert "error: The python of the PATH has no MLflow." in bare.stderr
    assert head.serve("--restart").returncode == 1
    dying = head.serve(PATH=path_with_dying_server(head.home), MDML_MLFLOW_PATIENCE_S="5")
    assert dying.returncode == 1
    assert "\nthe database is locked\n" in f"\n{dying.stderr}"
    assert f"error: MLflow does not answer on port {head.port}." in dying.stderr
    assert_no_process_of(head)
    assert not head.environment_file.exists()


def path_with_dying_server(folder: Path) -> str:
    """A PATH whose Python cannot serve."""
    python = folder / "bin" / "python"
    python.parent.mkdir()
    python.write_text(
        '#!/bin/sh\n[ "$2" = mlflow ] && echo the database is locked && exit 3\n'
        f'exec "{sys.executable}" "$@"\n'
    )
    python.chmod(0o755)
    return f"{python.parent}:{os.environ['PATH']}"


def assert_nobody_else_reads(head: Head) -> None:
    paths = [head.environment_file, *(p for p in head.folder.rglob("*") if p.is_file())]
    assert {"password", "secret_key", "basic_auth.ini", "users.db", "server.log", "settings"} <= {
        path.name for path in paths
    }
    assert [str(p) for p in paths if stat.S_IMODE(p.stat().st_mode) != 0o600] == []
    assert stat.S_IMODE(head.folder.stat().st_mode) == 0o700


def assert_only_this_machine_enters(head: Head) -> None:
    table = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in read(Path("/proc/net") / name).splitlines()
    ]
    ours = f"{head.port:04X}"
    listening = [row[1] for row in table[1:] if row[3] == "0A" and row[1].endswith(f":{ours}")]
    assert listening == [f"0100007F:{ours}"]
    for login in (None, ("mdml", "guessed")):
        assert requests.get(head.uri + SEARCH, auth=login, timeout=PATIENCE_S).status_code == 401
    foreign = {"Host": f"10.0.0.1:{head.port}"}
    refused = requests.get(
        head.uri + SEARCH, auth=head.login(), headers=foreign, timeout=PATIENCE_S
    )
    assert refused.status_code == 403
    forwarded = {"Host": "localhost:8080"}  # another port on the laptop
    assert requests.get(
        head.uri + SEARCH, auth=head.login(), headers=forwarded, timeout=PATIENCE_S
    ).ok
    assert head.login()[1] not in "".join(read(p) for p in Path("/proc").glob("[0-9]*/cmdline"))


def assert_the_doctor_is_content(head: Head) -> None:
    told = {key: value for key, value in head.settings().items() if key != "MDML_SHARED"}
    done = subprocess.run(
        ["bash", "-c", f"source '{head.environment_file}' && python -m mdml_tune doctor"],
        cwd=head.home, env=told, check=False, capture_output=True, text=True, timeout=PATIENCE_S,
    )  # fmt: skip
    said = " ".join(done.stdout.split())
    assert f"OK tracking {head.uri} answers, MLflow" in said
    assert f"{head.shared}/runs can be written to" in said


def assert_no_process_of(head: Head) -> None:
    def ours() -> list[str]:
        lines = [read(path) for path in Path("/proc").glob("[0-9]*/cmdline")]
        return [line for line in lines if str(head.folder) in line or f"\0{head.port}\0" in line]

    wait_until(lambda: ours() == [])


def read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""  # it has ended meanwhile


def alive(pid: int) -> bool:
    return read(Path(f"/proc/{pid}/cmdline")) != ""


def wait_until(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.2)
