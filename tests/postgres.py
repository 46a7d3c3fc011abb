"""A real PostgreSQL for tests: Debian's, on loopback, with a password, in a folder of its own."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import pytest

USER = "mdml"
_DEBIAN = Path("/usr/lib/postgresql")  # its servers are not on the PATH


class Postgres:
    """A server that can be stopped, in order or at once, and started again."""

    def __init__(self, folder: Path) -> None:
        """Make its files in ``folder``, which the server's user must reach and own."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.password = secrets.token_hex(16)
        self._folder = folder
        self._data = folder / "data"
        key = folder / "password"
        key.write_text(self.password)
        if os.geteuid() == 0:  # which PostgreSQL refuses to run as
            for path in (folder, key):
                shutil.chown(path, "postgres", "postgres")
        self._do(
            "initdb", "-D", str(self._data), "-U", USER, f"--pwfile={key}", "--no-sync",
            "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C",
        )  # fmt: skip
        key.unlink()

    def uri(self, database: str) -> str:
        # SQLAlchemy 2.1 takes a bare "postgresql" for psycopg 3, earlier ones for psycopg2.
        return f"postgresql+psycopg2://{USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self._folder),
        }
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self._do(
            "pg_ctl", "start", "-w", "-D", str(self._data), "-o", options,
            "-l", str(self._folder / "log"),
        )  # fmt: skip

    def stop(self, *, immediate: bool = False) -> None:
        """``immediate``: without a last word to anybody; the next start recovers from the log."""
        mode = "immediate" if immediate else "fast"
        self._do("pg_ctl", "stop", "-w", "-D", str(self._data), "-m", mode)

    def create(self, database: str) -> str:
        """A new database; its URI."""
        address = self.uri("postgres").replace("+psycopg2", "")
        with closing(psycopg2.connect(address)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f"CREATE DATABASE {database}")
        return self.uri(database)

    def dump(self) -> str:
        """All that is in all databases, as text."""
        environment = {**os.environ, "PGPASSWORD": self.password}
        return subprocess.run(
            [_program("pg_dumpall"), "-h", "127.0.0.1", "-p", str(self.port), "-U", USER],
            env=environment, check=True, capture_output=True, text=True, timeout=60,
        ).stdout  # fmt: skip

    def _do(self, program: str, *arguments: str) -> None:
        who = {"user": "postgres", "group": "postgres", "extra_groups": []}
        # A file and no pipe: the server keeps what it was started with, so a pipe would never end.
        with (self._folder / "said").open("a+") as said:
            done = subprocess.run(
                [_program(program), *arguments], cwd=self._folder, check=False, timeout=120,
                stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                **(who if os.geteuid() == 0 else {}),
            )  # fmt: skip
            said.seek(0)
            assert done.returncode == 0, said.read()[-2000:]


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A fresh server; in CI it must be there, elsewhere the test is skipped without it."""
    if _find("initdb") is None:
        missing = "PostgreSQL is not installed: apt-get install postgresql"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    # Not below pytest's folders, which the server's user may not enter.
    with tempfile.TemporaryDirectory(prefix="mdml-postgres-") as folder:
        server = Postgres(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop(immediate=True)


def _program(name: str) -> str:
    found = _find(name)
    assert found is not None, name
    return found


def _find(name: str) -> str | None:
    newest = sorted(_DEBIAN.glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    places = [*map(str, newest), os.environ.get("PATH", "")]
    return shutil.which(name, path=os.pathsep.join(places))
