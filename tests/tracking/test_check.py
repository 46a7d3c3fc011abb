"""Stores that cannot be used are found before the study starts."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mdml_tune.errors import ConfigError, UnavailableError
from mdml_tune.tracking.check import check_tracking

# MLflow 3.17 asks SQLAlchemy 2.1 for a loader that is going away; gone when MLflow follows.


def test_a_store_that_works(uri) -> None:
    assert check_tracking(uri) == uri


def test_a_file_in_place_of_the_folder(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match=f"{tmp_path}/file/mlflow.db cannot be written"):
        check_tracking(f"sqlite:///{tmp_path}/file/mlflow.db")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder nobody can write")
def test_a_folder_that_cannot_be_written() -> None:
    with pytest.raises(UnavailableError, match=r"/proc/self/mlflow.db cannot be written") as error:
        check_tracking("sqlite:////proc/self/mlflow.db")
    assert error.value.exit_code == 3


def test_a_file_that_is_no_database(tmp_path) -> None:
    (tmp_path / "mlflow.db").write_text("not a database" * 100)
    with pytest.raises(UnavailableError, match="not a database"):
        check_tracking(f"sqlite:///{tmp_path}/mlflow.db")


def test_malformed() -> None:
    with pytest.raises(ConfigError):
        check_tracking("http://host:port")


def test_a_closed_port() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start = time.monotonic()
    with pytest.raises(UnavailableError, match="refused") as error:
        check_tracking(f"http://me:hunter2@127.0.0.1:{port}")
    assert time.monotonic() - start < 10
    assert error.value.exit_code == 3
    assert "hunter2" not in str(error.value)
    assert error.value.__cause__ is None


def test_a_host_that_is_not_there() -> None:
    with pytest.raises(UnavailableError, match=r"nowhere\.invalid"):
        check_tracking("http://nowhere.invalid:5000")


@pytest.mark.slow
def test_a_server_that_never_answers(uri) -> None:
    check_tracking(uri)  # the import of MLflow is not what is timed
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        start = time.monotonic()
        with pytest.raises(UnavailableError) as error:
            check_tracking(f"http://me:hunter2@127.0.0.1:{deaf.getsockname()[1]}")
        assert time.monotonic() - start < 10
    assert "hunter2" not in str(error.value)


@pytest.mark.slow
def test_a_first_use_is_silent_and_sends_no_telemetry(tmp_path) -> None:
    program = (
        "import sys; import mdml_tune.tracking.background, mdml_tune.tracking.ledger\n"
        "assert 'mlflow' not in sys.modules\n"
        "from mdml_tune.tracking.check import check_tracking\n"
        "check_tracking('sqlite:///new/mlflow.db')\n"
        "from mlflow.telemetry.client import get_telemetry_client\n"
        "assert get_telemetry_client() is None\n"
        "assert not {'torch', 'ray', 'optuna'} & set(sys.modules)\n"
    )
    environment = {k: v for k, v in os.environ.items() if "PYTEST" not in k and k != "CI"}
    environment = {k: v for k, v in environment.items() if not k.startswith("MLFLOW")}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["mlflow.db", "new"]
