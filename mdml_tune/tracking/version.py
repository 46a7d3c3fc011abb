"""Which MLflow answers."""

import base64
import os
import urllib.request
from importlib import metadata
from urllib.parse import SplitResult, unquote, urlsplit

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
    host = parts.netloc.rpartition("@")[2]
    where = f"{parts.scheme}://{host}{parts.path.rstrip('/')}/version"
    request = urllib.request.Request(where)  # noqa: S310 (http)
    for name, value in _login(parts).items():
        request.add_unredirected_header(name, value)  # wherever it points us to need not be ours
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE_S) as answer:  # noqa: S310 (http)
            said = answer.read(100).decode("utf-8", "replace").strip()
    except OSError:
        return None
    return said if said[:1].isdecimal() else None


def _login(parts: SplitResult) -> dict[str, str]:
    """The credentials that MLflow's client would send: of the environment, else of the URI."""
    user, password = (
        os.environ.get(f"MLFLOW_TRACKING_{name}") for name in ("USERNAME", "PASSWORD")
    )
    if not user or not password:
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not user or not password:
        return {}
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {encoded}"}
