"""Whether a tracking store can be used, found out before anything is paid for."""

import os
import socket
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from mdml_tune.errors import ConfigError, UnavailableError
from mdml_tune.tracking.addresses import absolute_uri, database_file, endpoint, is_server, redact
from mdml_tune.tracking.failures import LockedOutError, TrackingError, failure
from mdml_tune.tracking.server import Server

_PATIENCE_S = 5


def check_tracking(uri: str) -> str:
    """Make sure that the store answers within seconds; a new sqlite store gets its tables.

    Returns:
        The URI, independent of the working directory.

    Raises:
        ConfigError: The URI is malformed, or of a kind of store that we do not use.
        UnavailableError: The store cannot be reached or written.
    """
    uri = absolute_uri(uri)
    database = database_file(uri)
    if database is None:
        _knock(uri)
    else:
        _probe(database)
    if database is None and not is_server(uri):
        _log_in(uri)
    try:
        with _short_timeout():
            Server(uri).ping()
    except LockedOutError as error:
        raise UnavailableError(f"The MLflow store {redact(uri)} cannot be used: {error}.") from None
    except TrackingError as error:
        raise _unavailable(uri, str(error)) from None
    return uri


def _knock(uri: str) -> None:
    """MLflow would try a closed port for minutes."""
    where = endpoint(uri)
    if where is None:
        return
    try:
        socket.create_connection(where, timeout=_PATIENCE_S).close()
    except OSError as error:
        raise _unavailable(uri, error.strerror or str(error)) from None


def _log_in(uri: str) -> None:
    """MLflow would try for minutes a database that does not let us in.

    Raises:
        ConfigError: The driver of the database is not installed.
        UnavailableError: The database does not let us in.
    """
    from sqlalchemy import NullPool, create_engine  # noqa: PLC0415 - comes with MLflow
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    try:
        create_engine(uri, poolclass=NullPool).connect().close()
    except ImportError as error:
        raise ConfigError(
            f"The tracking URI {redact(uri)!r} asks for the Python package '{error.name}', which is "
            f"not installed. Name the driver: postgresql+psycopg2://USER@HOST/DATABASE, which "
            f"comes with: pip install 'mdml-tune[server]'"
        ) from None
    except SQLAlchemyError as error:
        raise _unavailable(uri, str(failure(error, None))) from None


def _probe(database: Path) -> None:
    """The folder counts too: a journal is written beside the database."""
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=database.parent):
            pass
        if database.exists():
            with database.open("r+b"):
                pass
    except OSError as error:
        raise UnavailableError(
            f"The tracking database {database} cannot be written: {error.strerror or error}. "
            f"Make it writable, or name another place with --tracking-uri sqlite:///FILE.db."
        ) from error


def _unavailable(uri: str, reason: str) -> UnavailableError:
    return UnavailableError(
        f"The MLflow store {redact(uri)} cannot be used: {redact(reason)}. Start the server, "
        f"correct --tracking-uri (or MLFLOW_TRACKING_URI, MLFLOW_TRACKING_USERNAME and "
        f"MLFLOW_TRACKING_PASSWORD), or use a file: --tracking-uri sqlite:///mlflow.db"
    )


@contextmanager
def _short_timeout() -> Generator[None]:
    """MLflow reads the time it waits for an answer from the environment, at every request."""
    name = "MLFLOW_HTTP_REQUEST_TIMEOUT"
    before = os.environ.get(name)
    os.environ[name] = str(_PATIENCE_S)
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
