"""Tracking URIs: checked, made independent of the working directory, and fit to be shown."""

import re
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from mdml_tune.errors import ConfigError

_USERINFO = re.compile(r"(://)[^/\s]*@")
_SECRET_IN_QUERY = re.compile(r"(?i)([?&][^=&\s]*(?:pass|token|secret|key|sig)[^=&\s]*=)[^&\s]+")
_DATABASE_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
_WEB_PORTS = {"http": 80, "https": 443}
_SQLITE = "sqlite:///"


def redact(text: str) -> str:
    """``text`` without the users, passwords and tokens of the URIs in it."""
    return _SECRET_IN_QUERY.sub(r"\1***", _USERINFO.sub(r"\1***@", text))


def absolute_uri(uri: str) -> str:
    """The same store, whatever the working directory is later.

    Raises:
        ConfigError: The URI is malformed, or of a kind of store that we do not use.
    """
    if uri.startswith("sqlite:"):
        return f"{_SQLITE}{_database(uri)}"
    parts = _parts(uri)
    scheme = parts.scheme.partition("+")[0]
    if scheme not in _WEB_PORTS | _DATABASE_PORTS:
        raise _malformed(uri, f"'{parts.scheme}' is no store that can be used")
    if not parts.hostname:
        raise _malformed(uri, "it names no host")
    return uri


def endpoint(uri: str) -> tuple[str, int] | None:
    """Host and port that a store is reached at; none for a file.

    Raises:
        ConfigError: The URI is malformed.
    """
    parts = _parts(uri)
    if not parts.hostname:
        return None
    default = (_WEB_PORTS | _DATABASE_PORTS).get(parts.scheme.partition("+")[0], 443)
    return parts.hostname, parts.port or default


def is_server(uri: str) -> bool:
    """Whether an MLflow server stands in front of the store."""
    return uri.startswith(("http://", "https://"))


def database_file(uri: str) -> Path | None:
    """The file of a sqlite store (of an absolute URI); none for other stores."""
    return Path(uri.removeprefix(_SQLITE)) if uri.startswith(_SQLITE) else None


def artifact_folder(uri: str, storage: Path) -> Path | None:
    """Where artifacts go; none where an MLflow server decides.

    MLflow's own choice would be ``./mlruns``: another place from every working directory.
    """
    if is_server(uri):
        return None
    database = database_file(uri)
    return (storage if database is None else database.parent) / "mlartifacts"


def _database(uri: str) -> Path:
    name = uri.removeprefix(_SQLITE).partition("?")[0]
    if not uri.startswith(_SQLITE) or not name or name == ":memory:":
        raise _malformed(uri, "it names no file")
    return Path(name).expanduser().absolute()


def _parts(uri: str) -> SplitResult:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError as error:
        raise _malformed(uri, redact(str(error))) from None
    return parts


def _malformed(uri: str, reason: str) -> ConfigError:
    return ConfigError(
        f"The tracking URI {redact(uri)!r} cannot be used: {reason}. Give --tracking-uri (or "
        f"MLFLOW_TRACKING_URI) as sqlite:///FILE.db, http(s)://HOST:PORT, or "
        f"postgresql+psycopg2://USER@HOST/DATABASE."
    )
