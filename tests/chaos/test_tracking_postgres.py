"""The MLflow server and the database behind it go away in the middle of a study, and come back."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chaos.harness import Place
from metric_rows import DERIVED, statuses, stored, underived, written
from mlflow_server import HttpServer, Login
from postgres import Postgres, postgres

AWAY_S = float(os.environ.get("MDML_CHAOS_AWAY", "10"))
DATABASE_AWAY_S = 5.0
PATIENCE_S = 300

pytestmark = pytest.mark.slow


@pytest.fixture
def database() -> Iterator[Postgres]:
    with postgres() as found:
        yield found


def test_nothing_is_missing_and_nothing_is_twice(database: Postgres, tmp_path: Path) -> None:
    store = database.create("mlflow")
    server = HttpServer(tmp_path, store, login=Login(database.create("users")))
    server.start()
    place = Place(tmp_path / "away", server.client_environment)
    done: list[str] = []
    meddling = threading.Thread(
        target=_meddle, args=(place.path / "mdml_runs", server, database, done), daemon=True
    )
    meddling.start()
    try:
        assert place.run() == 0, "\n".join(place.log[-30:])
        meddling.join(timeout=PATIENCE_S)
        assert done == ["server away", "database crashed", "server restarted"]
        _sync(place)  # the study may have ended first
        there = stored(store, "small")
        assert underived(there) == written(place.path / "mdml_runs", "small")
        assert {row.step for row in there if row.metric == DERIVED} == {9}
        assert set(there.values()) == {1}
        assert set(statuses(store, "small")) == {"FINISHED"}
    finally:
        server.stop()


def _meddle(storage: Path, server: HttpServer, database: Postgres, done: list[str]) -> None:
    """One blow per phase of the study, each while it has something to tell."""
    _wait_for(lambda: any(storage.glob("baselines/*/history.jsonl")))
    server.stop()
    time.sleep(AWAY_S)
    server.start()
    done.append("server away")
    _wait_for(lambda: any(storage.glob("studies/small/trials/*/history.jsonl")))
    database.stop(immediate=True)
    time.sleep(DATABASE_AWAY_S)
    database.start()
    done.append("database crashed")
    _wait_for(lambda: len([*storage.glob("studies/small/trials/*/result.json")]) >= 3)
    server.stop()
    server.start()
    done.append("server restarted")


def _sync(place: Place) -> None:
    subprocess.run(
        [sys.executable, "-m", "mdml_tune", "sync", "small"],
        cwd=place.path, env={**os.environ, **place.environment}, check=True, timeout=PATIENCE_S,
    )  # fmt: skip


def _wait_for(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.05)
