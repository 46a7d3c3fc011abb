"""A real MLflow server for tests that talk to one."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import requests


class HttpServer:
    """A real MLflow server on loopback, that can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.uri = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
        command += ["--port", str(self.port), "--workers", "1"]
        command += ["--backend-store-uri", f"sqlite:///{self._folder}/mlflow.db"]
        environment = {
            **os.environ,
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self._folder, env=environment, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
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
                time.sleep(0.1)
            else:
                return
        raise TimeoutError((self._folder / "server.log").read_text()[-2000:])
