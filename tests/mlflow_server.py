"""A real MLflow server for tests that talk to one."""

import os
import secrets
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import requests

_AUTHENTICATION = """\
[mlflow]
default_permission = NO_PERMISSIONS
database_uri = {database}
admin_username = {user}
auth_cache_ttl_seconds = 60
"""


@dataclass(frozen=True)
class Login:
    """Who is let in: the server asks everybody for a name and a password."""

    database: str
    """URI of the database of users."""
    user: str = "searcher"
    password: str = field(default_factory=lambda: f"canary-{secrets.token_hex(16)}")

    def server_environment(self, folder: Path) -> dict[str, str]:
        settings = folder / "basic_auth.ini"
        settings.touch(mode=0o600)
        settings.write_text(_AUTHENTICATION.format(database=self.database, user=self.user))
        return {
            "MLFLOW_AUTH_CONFIG_PATH": str(settings),
            "MLFLOW_AUTH_ADMIN_PASSWORD": self.password,
            "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_hex(32),
        }

    def client_environment(self) -> dict[str, str]:
        return {
            "MLFLOW_TRACKING_USERNAME": self.user,
            "MLFLOW_TRACKING_PASSWORD": self.password,
        }


class HttpServer:
    """A real MLflow server on loopback, that can be stopped and started again."""

    def __init__(
        self, folder: Path, store: str | None = None, *, login: Login | None = None
    ) -> None:
        """Serve ``store``, a sqlite file in ``folder`` unless said otherwise; to all without ``login``."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.uri = f"http://127.0.0.1:{self.port}"
        self.pid = 0
        self.log = folder / "server.log"
        self._folder = folder
        self.store = store or f"sqlite:///{folder}/mlflow.db"
        self._login = login
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def client_environment(self) -> dict[str, str]:
        """All that a client has to know."""
        own = {} if self._login is None else self._login.client_environment()
        return {"MLFLOW_TRACKING_URI": self.uri, **own}

    def start(self) -> None:
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
        command += ["--port", str(self.port), "--workers", "1"]
        command += ["--allowed-hosts", f"127.0.0.1:{self.port}"]
        command += ["--serve-artifacts", "--artifacts-destination", f"{self._folder}/artifacts"]
        command += [] if self._login is None else ["--app-name", "basic-auth"]
        environment = {
            **os.environ,
            **({} if self._login is None else self._login.server_environment(self._folder)),
            "MLFLOW_BACKEND_STORE_URI": self.store,  # a command line is no place for a password
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self._folder, env=environment, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        self.pid = self._process.pid
        self._wait()

    def stop(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, 9)  # the group that it leads, with its worker
            self._process.wait()
            self._process = None

    def _wait(self) -> None:
        for _ in range(1800):  # a busy machine takes a minute and more to import MLflow
            try:
                requests.get(f"{self.uri}/health", timeout=1).raise_for_status()
            except OSError:
                if self._process is None or self._process.poll() is not None:
                    break
                time.sleep(0.1)
            else:
                return
        raise TimeoutError(self.log.read_text()[-2000:])
