"""How to start the MLflow UI on the store of a study, and where to look in it."""

import os
import sys

from mdml_tune.storage.studies import StudyFolder
from mdml_tune.tracking import views
from mdml_tune.tracking.addresses import absolute_uri, database_file, is_server, redact
from mdml_tune.tracking.ledger import read_ledger

_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # five more processes, for nothing of ours
}


def ui_command(uri: str, port: int = 5000) -> list[str] | None:
    """The command that serves the UI on this machine alone; none where a server does already.

    It is to be run with ``ui_environment``. A password in the URI stays off the command line,
    where every user of the machine could read it.

    Raises:
        ConfigError: The URI is malformed.
    """
    uri = absolute_uri(uri)
    if is_server(uri):
        return None
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "1"]
    if redact(uri) == uri:
        command += ["--backend-store-uri", uri]
    database = database_file(uri)
    if database is not None:  # for what is made from the UI; ours says itself where it is
        command += ["--default-artifact-root", (database.parent / "mlartifacts").as_uri()]
    return command


def ui_environment(uri: str) -> dict[str, str]:
    """The environment for ``ui_command``.

    Raises:
        ConfigError: The URI is malformed.
    """
    return {**os.environ, **_ENVIRONMENT, "MLFLOW_BACKEND_STORE_URI": absolute_uri(uri)}


def study_page(study: StudyFolder, uri: str, base: str) -> str | None:
    """Where the runs of the study are to be seen; none before it was published to that store.

    Args:
        study: The study.
        uri: The tracking store.
        base: Where the UI is served: the tracking server, or ``http://127.0.0.1:PORT``.

    Raises:
        ConfigError: The URI is malformed.
    """
    ledger = read_ledger(study)
    if ledger is None or ledger.experiment_id is None:
        return None
    if ledger.tracking_uri != redact(absolute_uri(uri)):
        return None
    # A study that an earlier version published has no view before its next ``sync``.
    view = views.RUNS if ledger.views is not None else None
    return f"{redact(base).rstrip('/')}/{views.page(ledger.experiment_id, view)}"
