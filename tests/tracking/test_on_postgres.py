"""Searches into a real MLflow server that stands on PostgreSQL and asks for a password."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from commands import run
from metric_rows import DERIVED, statuses, stored, underived, written
from mlflow_server import HttpServer, Login
from postgres import Postgres, postgres
from ray.cluster_utils import Cluster

from mdml_tune.cli.doctor import doctor
from mdml_tune.cli.search import search
from mdml_tune.cli.sync import sync
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
  training: {epochs: 2, batch_size: 2}
  mutual:
    weight: {log_uniform: [0.03, 3.0]}
baseline: {seeds: 1}
search:
  trials: 1
  sampler: {kind: random}
confirm: {top: 1, seeds: 1}
"""
RUNS = 5
"""Two baselines, a trial, its confirmation, and the study itself."""
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


@dataclass(frozen=True)
class OneCluster:
    """A cluster of this machine alone, for searches that come and go."""

    address: str
    folder: Path
    """Where Ray logs."""


@pytest.fixture
def cluster() -> Iterator[OneCluster]:
    # Ray's sockets need a short path.
    with tempfile.TemporaryDirectory(prefix="r", ignore_cleanup_errors=True) as folder:
        head = {"num_cpus": 3, "include_dashboard": False, "temp_dir": folder}
        found = Cluster(initialize_head=True, head_node_args=head)
        yield OneCluster(found.address, Path(folder))
        found.shutdown()


class Searches:
    """Searches in processes of their own, all into one storage."""

    def __init__(self, folder: Path, address: str) -> None:
        (folder / "small.yaml").write_text(STUDY)
        self.storage = folder / "shared"
        self._folder = folder
        self._address = address
        self._started: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, environment: Mapping[str, str], seed: int) -> None:
        own = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_TRACKING")}
        with (self._folder / f"{name}.log").open("w") as said:
            self._started[name] = subprocess.Popen(
                [sys.executable, "-m", "mdml_tune", "search", "small.yaml", "--concurrency", "1",
                 "--name", name, "--seed", str(seed), "--storage", str(self.storage),
                 "--address", self._address],
                cwd=self._folder, env={**own, **environment}, stdout=said, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def end(self, name: str) -> str:
        """Wait until it ends; what it said."""
        code = self._started[name].wait(timeout=PATIENCE_S)
        said = (self._folder / f"{name}.log").read_text()
        assert code == 0, said[-3000:]
        return said

    def end_all(self) -> None:
        for process in self._started.values():
            process.kill()
            process.wait()


@pytest.fixture
def searches(tmp_path: Path, cluster: OneCluster) -> Iterator[Searches]:
    found = Searches(tmp_path, cluster.address)
    yield found
    found.end_all()


@pytest.mark.filterwarnings(
    "ignore::ResourceWarning",  # Ray leaves sockets and files to the garbage collector
    "ignore::pytest.PytestUnraisableExceptionWarning",
)
def test_three_searches_at_once_leave_each_value_once(
    site: Site, tmp_path: Path, cluster: OneCluster, searches: Searches
) -> None:
    # A password is no part of an address; somebody writes it there all the same.
    environments = {
        "one": {"MLFLOW_TRACKING_URI": site.uri_with_password},
        "two": site.server.client_environment,
        "three": site.server.client_environment,
    }
    for seed, (name, environment) in enumerate(environments.items()):
        searches.start(name, environment, seed)
    said = "".join([searches.end(name) for name in environments])
    for name in environments:
        there = stored(site.store, name)
        assert underived(there) == written(searches.storage, name)
        assert sum(row.metric == DERIVED for row in there) == 1
        assert set(there.values()) == {1}
        assert statuses(site.store, name) == {"FINISHED": RUNS}
    assert list(cluster.folder.rglob("*.log")) != []
    site.assert_nothing_told(tmp_path, cluster.folder, said=said)
    sqlite = f"sqlite:///{tmp_path}/mlflow.db"
    assert run(sync, "one", "--storage", str(searches.storage), "--tracking-uri", sqlite)[0] == 0
    assert stored(sqlite, "one") == stored(site.store, "one")


@pytest.mark.parametrize(
    ("command", "arguments"), [(search, ["small.yaml"]), (sync, ["small"]), (doctor, [])]
)
def test_who_is_not_known_begins_nothing(
    site: Site,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: Callable[..., None],
    arguments: Sequence[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(STUDY)
    wrong = {**site.server.client_environment, "MLFLOW_TRACKING_PASSWORD": "guessed"}
    for known in ({}, wrong):
        for name in site.server.client_environment:
            monkeypatch.delenv(name, raising=False)
        for name, value in known.items():
            monkeypatch.setenv(name, value)
        code, said = run(command, *arguments, "--tracking-uri", site.server.uri)
        said = " ".join(said.split())
        assert code == 3, said
        assert "it answers 401, the credentials are missing or wrong" in said
        assert "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD" in said
        assert "guessed" not in said
        assert not Path("mdml_runs").exists()


def test_nobody_enters_without_a_password(site: Site) -> None:
    for method, path in CLOSED:
        for login in (None, (site.login.user, "guessed")):
            answer = requests.request(
                method, site.server.uri + path, auth=login, json={}, timeout=PATIENCE_S
            )
            assert answer.status_code == 401, path
    known = (site.login.user, site.login.password)
    assert requests.get(site.server.uri + CLOSED[1][1], auth=known, timeout=PATIENCE_S).ok


def test_a_foreign_host_name_is_refused(site: Site) -> None:
    known = (site.login.user, site.login.password)
    for host in ("evil.example", "10.1.2.3", "127.0.0.1:1"):
        answer = requests.get(
            site.server.uri + CLOSED[1][1], auth=known, headers={"Host": host}, timeout=PATIENCE_S
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
