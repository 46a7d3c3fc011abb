"""URIs at the door, and in messages."""

from pathlib import Path

import pytest

from mdml_tune.errors import ConfigError
from mdml_tune.tracking.addresses import absolute_uri, artifact_folder, endpoint, redact
from mdml_tune.tracking.ui import ui_command, ui_environment


def test_a_relative_file_stays_where_it_was(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute_uri("sqlite:///mlflow.db") == f"sqlite:///{tmp_path}/mlflow.db"
    assert absolute_uri(f"sqlite:///{tmp_path}/a.db") == f"sqlite:///{tmp_path}/a.db"


@pytest.mark.parametrize(
    "uri",
    ["", "mlruns", "./mlflow.db", "file:///tmp/mlruns", "sqlite://", "sqlite:///", "ftp://host/x",
     "sqlite:///:memory:", "sqlite:mlflow.db", "http://", "http:///path", "http://host:port",
     "http://[::1", "http://host:99999"],
)  # fmt: skip
def test_what_is_no_store_is_refused_with_what_is(uri) -> None:
    with pytest.raises(ConfigError, match=r"sqlite:///FILE.db, http\(s\)://HOST:PORT"):
        absolute_uri(uri)


@pytest.mark.parametrize(
    "uri",
    ["http://me:hunter2@host:5000", "http://me:hun@ter2@host", "postgresql://hunter2@db/x",
     "postgresql://db/x?password=hunter2&sslmode=require", "https://host/?access_token=hunter2"],
)  # fmt: skip
def test_credentials_are_not_shown(uri) -> None:
    shown = redact(f"cannot reach {uri} (refused)")
    assert "hunter2" not in shown.replace("ter2", "hunter2") or "ter2" not in shown
    assert "***" in shown
    assert shown.endswith("(refused)")


def test_what_is_no_secret_stays() -> None:
    text = "sqlite:////home/me@work/mlflow.db and http://host:5000/a@b?x=1"
    assert redact(text) == text


def test_endpoints() -> None:
    assert endpoint("http://host") == ("host", 80)
    assert endpoint("https://host/x") == ("host", 443)
    assert endpoint("http://[::1]:5000") == ("::1", 5000)
    assert endpoint("postgresql+psycopg2://me@db/x") == ("db", 5432)
    assert endpoint("sqlite:////a.db") is None


def test_artifacts_stand_beside_the_database(tmp_path) -> None:
    assert artifact_folder("sqlite:////a/mlflow.db", tmp_path) == Path("/a/mlartifacts")
    assert artifact_folder("postgresql://db/x", tmp_path) == tmp_path / "mlartifacts"
    assert artifact_folder("http://host", tmp_path) is None


def test_the_ui_listens_to_this_machine_alone() -> None:
    command = ui_command("sqlite:////a/mlflow.db", port=5001)
    assert command[1:8] == ["-m", "mlflow", "server", "--host", "127.0.0.1", "--port", "5001"]
    assert command[command.index("--backend-store-uri") + 1] == "sqlite:////a/mlflow.db"
    environment = ui_environment("sqlite:////a/mlflow.db")
    assert environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"


def test_a_server_has_a_ui_already() -> None:
    assert ui_command("http://host:5000") is None


def test_the_command_line_of_the_ui_shows_no_password() -> None:
    uri = "postgresql://me:hunter2@db/x"
    assert "hunter2" not in " ".join(ui_command(uri))
    assert ui_environment(uri)["MLFLOW_BACKEND_STORE_URI"] == uri
