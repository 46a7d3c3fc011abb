"""The tracking server goes away in the middle of a study, comes back, and goes for good."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chaos.harness import Place
from metric_rows import statuses, stored, underived, written
from mlflow_server import HttpServer

AWAY_S = float(os.environ.get("MDML_CHAOS_AWAY", "10"))
PATIENCE_S = 180

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[HttpServer]:
    found = HttpServer(tmp_path)
    found.start()
    yield found
    found.stop()


def test_the_server_goes_comes_back_and_goes_for_good(server: HttpServer, tmp_path: Path) -> None:
    place = Place(tmp_path / "away", {"MLFLOW_TRACKING_URI": server.uri})
    meddling = threading.Thread(target=_meddle, args=(place, server), daemon=True)
    meddling.start()
    assert place.run() == 0, "\n".join(place.log[-30:])
    meddling.join(timeout=PATIENCE_S)
    warning = next(line for line in place.log if line.startswith("warning:"))
    assert "could not be sent to MLflow" in warning
    assert "Nothing is lost. Send it later: mdml-tune sync small" in warning

    server.start()
    told = subprocess.run(
        [sys.executable, "-m", "mdml_tune", "sync", "small"],
        cwd=place.path, env={**os.environ, **place.environment}, capture_output=True, text=True,
        check=True, timeout=300,
    )  # fmt: skip
    assert "metric values sent" in told.stdout
    there = stored(server.store, "small")
    assert underived(there) == written(place.path / "mdml_runs", "small")
    assert set(there.values()) == {1}
    assert set(statuses(server.store, "small")) == {"FINISHED"}


def _meddle(place: Place, server: HttpServer) -> None:
    """Away for a while once baselines are trained, then for good once the search has trials."""
    storage = place.path / "mdml_runs"
    _wait_for(lambda: any(storage.glob("baselines/*/result.json")))
    server.stop()
    time.sleep(AWAY_S)
    server.start()
    _wait_for(lambda: any(storage.glob("studies/small/trials/*/result.json")))
    server.stop()


def _wait_for(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.05)
