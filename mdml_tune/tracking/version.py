"""Which MLflow answers."""

import urllib.request
from importlib import metadata
from urllib.parse import urlsplit

from mdml_tune.tracking.addresses import is_server

_PATIENCE_S = 5


def client_version() -> str:
    """Of the MLflow that is installed here."""
    return metadata.version("mlflow")


def server_version(uri: str) -> str | None:
    """Of the server at ``uri``; none where it does not say, or where there is no server."""
    if not is_server(uri):
        return None
    parts = urlsplit(uri)
    host = parts.netloc.rpartition("@")[2]  # the version is told without a password
    where = f"{parts.scheme}://{host}{parts.path.rstrip('/')}/version"
    try:
        with urllib.request.urlopen(where, timeout=_PATIENCE_S) as answer:  # noqa: S310 (http)
            said = answer.read(100).decode("utf-8", "replace").strip()
    except OSError:
        return None
    return said if said[:1].isdecimal() else None
