"""The MLflow server and the database behind it go away in the middle of a study, and come back."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chaos.harness import Place
from commands import run
from metric_rows import DERIVED, statuses, stored, underived, written
from mlflow_server import HttpServer, Login
from postgres import Postgres, postgres

from mdml_tune.cli.sync import sync

AWAY_S = float(os.environ.get("MDML_CHAOS_AWAY", "2"))
"""Before the server is started again, which takes it several seconds more."""
DATABASE_AWAY_S = 2.0
PATIENCE_S = 900
EPOCHS = 10 * int(AWAY_S)
"""Enough for the study to go on for longer than the server is away."""
STUDY = f"""\
study: small
trial:
  data: {{dataset: rooms, tasks: [segmentation, depth], train_size: 4, val_size: 2, test_size: 2,
         image_size: [16, 24]}}
  network: {{kind: unet, width: 4}}
  training: {{epochs: {EPOCHS}, batch_size: 2}}
  mutual: {{weight: {{log_uniform: [0.03, 3.0]}}}}
baseline: {{seeds: 1}}
search: {{trials: 2, sampler: {{kind: random}}, early_stopping: null}}
confirm: {{top: 1, seeds: 1}}
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def database() -> Iterator[Postgres]:
    with postgres() as found:
        yield found


def test_nothing_is_missing_and_nothing_is_twice(
    database: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = database.create("mlflow")
    server = HttpServer(tmp_path, store, login=Login(database.create("users")))
    server.start()
    place = Place(tmp_path / "away", server.client_environment)
    (place.path / "small.yaml").write_text(STUDY)
    done: list[str] = []
    meddling = threading.Thread(
        target=_meddle, args=(place.path / "mdml_runs", server, database, done), daemon=True
    )
    meddling.start()
    try:
        assert place.run() == 0, "\n".join(place.log[-30:])
        meddling.join(timeout=PATIENCE_S)
        assert done == ["server away", "database crashed", "server restarted"]
        for name, value in place.environment.items():
            monkeypatch.setenv(name, value)
        storage = place.path / "mdml_runs"
        flags = ("--storage", str(storage), "--tracking-uri", server.uri)
        assert run(sync, "small", *flags)[0] == 0  # the study may have ended first
        there = stored(store, "small")
        assert underived(there) == written(storage, "small")
        assert {row.step for row in there if row.metric == DERIVED} == {EPOCHS}
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
    _wait_for(lambda: len([*storage.glob("studies/small/trials/*/result.json")]) >= 2)
    server.stop()
    server.start()
    done.append("server restarted")


def _wait_for(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.05)
