"""Searches into a real MLflow server that stands on PostgreSQL and asks for a password."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from metric_rows import DERIVED, statuses, stored, underived, untimed, written
from mlflow_server import HttpServer, Login
from postgres import Postgres, postgres

from mdml_tune.errors import ConfigError, UnavailableError
from mdml_tune.tracking.check import check_tracking
from mdml_tune.tracking.version import client_version, server_version

pytestmark = pytest.mark.slow

PATIENCE_S = 900
STUDY = """\
study: small
trial:
  data: {dataset: rooms, tasks: [segmentation, depth], train_size: 4, val_size: 2, test_size: 2,
         image_size: [16, 24]}
  network: {kind: unet, width: 4}
  training: {epochs: 3, batch_size: 2}
  mutual:
    weight: {log_uniform: [0.03, 3.0]}
baseline: {seeds: 1}
search:
  trials: 2
  sampler: {kind: random}
confirm: {top: 1, seeds: 1}
"""
CLOSED = [
    ("POST", "/api/2.0/mlflow/runs/search"),
    ("GET", "/api/2.0/mlflow/experiments/search?max_results=1"),
    ("POST", "/ajax-api/2.0/mlflow/runs/create"),
    ("GET", "/api/2.0/mlflow-artifacts/artifacts"),
    ("PUT", "/api/2.0/mlflow-artifacts/artifacts/some/file"),
    ("GET", "/get-artifact?path=study.yaml&run_uuid=1"),
    ("POST", "/graphql"),
    ("POST", "/api/2.0/mlflow/users/create"),
    ("POST", "/ajax-api/3.0/jobs"),
    ("POST", "/v1/traces"),
    ("GET", "/version"),
    ("GET", "/"),
]


@dataclass(frozen=True)
class Site:
    database: Postgres
    store: str
    server: HttpServer
    login: Login

    @property
    def uri_with_password(self) -> str:
        return self.server.uri.replace("//", f"//{self.login.user}:{self.login.password}@")

    def assert_nothing_told(self, *places: Path, said: str) -> None:
        """No password in a file below ``places``, in the databases, the server's log, or ``said``."""
        texts = {"said": said, "dump": self.database.dump(), "log": self.server.log.read_text()}
        assert len(texts["dump"]) > 10_000
        for path in (path for place in places for path in place.rglob("*") if path.is_file()):
            texts[str(path)] = path.read_bytes().decode("latin-1")
        for secret in (self.login.password, self.database.password):
            assert [name for name, text in texts.items() if secret in text] == []


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with postgres() as database:
        store, login = database.create("mlflow"), Login(database.create("users"))
        server = HttpServer(tmp_path_factory.mktemp("server"), store, login=login)
        server.start()
        yield Site(database, store, server, login)
        server.stop()


@pytest.fixture
def ray_folder() -> Iterator[Path]:
    """Where Ray logs; its sockets need a short path."""
    with tempfile.TemporaryDirectory(prefix="r", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


class Commands:
    """Commands of ours in processes of their own."""

    def __init__(self) -> None:
        self._started: list[subprocess.Popen[bytes]] = []

    def start(
        self, where: Path, environment: Mapping[str, str], *arguments: str
    ) -> subprocess.Popen[bytes]:
        where.mkdir(parents=True, exist_ok=True)
        (where / "small.yaml").write_text(STUDY)
        own = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_TRACKING")}
        with (where / "said").open("w") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "mdml_tune", *arguments], cwd=where,
                env={**own, "PYTHONUNBUFFERED": "1", **environment},
                stdout=said, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self._started.append(process)
        return process

    def search(
        self, where: Path, environment: Mapping[str, str], *more: str
    ) -> subprocess.Popen[bytes]:
        return self.start(where, environment, "search", "small.yaml", "--concurrency", "1", *more)

    def end_all(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()


@pytest.fixture
def commands() -> Iterator[Commands]:
    found = Commands()
    yield found
    found.end_all()


def end(process: subprocess.Popen[bytes], where: Path) -> str:
    code, said = process.wait(timeout=PATIENCE_S), (where / "said").read_text()
    assert code == 0, said[-3000:]
    return said


def wait_for_work(process: subprocess.Popen[bytes], where: Path) -> None:
    """Until the study has a cluster, and says what it does there first."""
    deadline = time.monotonic() + PATIENCE_S
    while not re.search(r"^(baseline|search): ", (where / "said").read_text(), re.MULTILINE):
        assert process.poll() is None, end(process, where)
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_search_leaves_what_it_leaves_on_sqlite(
    site: Site, tmp_path: Path, ray_folder: Path, commands: Commands
) -> None:
    calm = commands.search(tmp_path / "calm", {})
    # A password is no part of an address; somebody writes it there all the same.
    environment = {"MLFLOW_TRACKING_URI": site.uri_with_password, "RAY_TMPDIR": str(ray_folder)}
    said = end(commands.search(tmp_path / "http", environment), tmp_path / "http")
    end(calm, tmp_path / "calm")
    there, expected = (
        stored(uri, "small") for uri in (site.store, f"sqlite:///{tmp_path}/calm/mlflow.db")
    )
    assert len(expected) > 200
    assert untimed(there) == untimed(expected)
    assert set(there.values()) == {1}
    # Two baselines, two trials, one confirmation, and the study itself.
    assert statuses(site.store, "small") == {"FINISHED": 6}
    assert list(ray_folder.rglob("*.log")) != []
    site.assert_nothing_told(tmp_path / "http", ray_folder, said=said)


def test_three_searches_at_once(site: Site, tmp_path: Path, commands: Commands) -> None:
    names = ("one", "two", "three")
    flags = ("--storage", str(tmp_path / "shared"))
    searches: list[subprocess.Popen[bytes]] = []
    for seed, name in enumerate(names):
        environment, own = site.server.client_environment, ("--name", name, "--seed", str(seed))
        searches.append(commands.search(tmp_path / name, environment, *flags, *own))
        # Three times Ray at the very same moment is more than a busy machine starts in Ray's 30 s.
        wait_for_work(searches[-1], tmp_path / name)
    assert [process.poll() for process in searches] == [None, None, None]
    ended = zip(searches, names, strict=True)
    said = "".join([end(process, tmp_path / name) for process, name in ended])
    for name in names:
        there = stored(site.store, name)
        assert underived(there) == written(tmp_path / "shared", name)
        assert sum(row.metric == DERIVED for row in there) == 1
        assert set(there.values()) == {1}
        assert statuses(site.store, name) == {"FINISHED": 6}
    site.assert_nothing_told(tmp_path, said=said)


def test_who_is_not_known_begins_nothing(site: Site, tmp_path: Path, commands: Commands) -> None:
    nobody = {"MLFLOW_TRACKING_URI": site.server.uri}
    wrong = {**site.server.client_environment, "MLFLOW_TRACKING_PASSWORD": "guessed"}
    asked = {
        "search-1": commands.search(tmp_path / "search-1", nobody),
        "search-2": commands.search(tmp_path / "search-2", wrong),
        "sync": commands.start(tmp_path / "sync", wrong, "sync", "small"),
        "doctor": commands.start(tmp_path / "doctor", nobody, "doctor"),
    }
    for process in asked.values():
        process.wait(timeout=PATIENCE_S)
    told = {name: (tmp_path / name / "said").read_text() for name in asked}
    for name, process in asked.items():
        said = " ".join(told[name].split())
        assert process.returncode == 3, told[name]
        assert "it answers 401, the credentials are missing or wrong" in said
        assert "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD" in said
        assert "guessed" not in said
        assert not (tmp_path / name / "mdml_runs").exists()
    for name in ("search-1", "search-2", "sync"):
        errors = [line for line in told[name].splitlines() if line.startswith("error: ")]
        assert len(errors) == 1
        assert "Traceback" not in told[name]


def test_nobody_enters_without_a_password(site: Site) -> None:
    for method, path in CLOSED:
        for login in (None, (site.login.user, "guessed")):
            answer = requests.request(
                method, site.server.uri + path, auth=login, json={}, timeout=30
            )
            assert answer.status_code == 401, path
    known = (site.login.user, site.login.password)
    assert requests.get(site.server.uri + CLOSED[1][1], auth=known, timeout=30).ok


def test_a_foreign_host_name_is_refused(site: Site) -> None:
    known = (site.login.user, site.login.password)
    for host in ("evil.example", "10.1.2.3", "127.0.0.1:1"):
        answer = requests.get(
            site.server.uri + CLOSED[1][1], auth=known, headers={"Host": host}, timeout=30
        )
        assert answer.status_code == 403


def test_no_secret_on_a_command_line(site: Site) -> None:
    lines = [
        path.read_bytes().decode()
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if _is_there(path)
    ]
    assert any(f"\0{site.server.port}\0" in line for line in lines)
    for secret in (site.login.password, site.database.password):
        assert not any(secret in line for line in lines)


def test_the_version_is_told_to_those_who_are_known(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("USERNAME", "PASSWORD"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)
    assert server_version(site.server.uri) is None
    assert server_version(site.uri_with_password) == client_version()
    for name, value in site.server.client_environment.items():
        monkeypatch.setenv(name, value)
    assert server_version(site.server.uri) == client_version()


def test_the_database_itself_is_a_store(site: Site) -> None:
    assert check_tracking(site.store) == site.store


def test_a_database_that_knows_another_password(site: Site) -> None:
    uri = site.store.replace(site.database.password, "guessed")
    with pytest.raises(UnavailableError, match="password authentication failed") as error:
        check_tracking(uri)
    assert "guessed" not in str(error.value)


def test_a_driver_that_is_not_installed(site: Site) -> None:
    uri = site.store.replace("psycopg2", "asyncpg")
    with pytest.raises(ConfigError, match=r"'asyncpg'.*pip install 'mdml-tune\[server\]'") as error:
        check_tracking(uri)
    assert site.database.password not in str(error.value)


def _is_there(command_line: Path) -> bool:
    try:
        return bool(command_line.read_bytes())
    except OSError:
        return False
