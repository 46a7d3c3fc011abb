"""Which MLflow answers, and who is told the password."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from mdml_tune.tracking.version import server_version


@contextmanager
def serving(
    heard: list[Mapping[str, str]], *, text: str = "", moved_to: str | None = None
) -> Iterator[str]:
    """A server on loopback that says ``text``, or sends elsewhere; the headers that it hears."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(dict(self.headers))
            self.send_response(200 if moved_to is None else 302)
            if moved_to is not None:
                self.send_header("Location", moved_to)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def no_login(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USERNAME", "PASSWORD"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)


def test_the_password_goes_to_the_server_and_not_where_it_points() -> None:
    there: list[Mapping[str, str]] = []
    elsewhere: list[Mapping[str, str]] = []
    with ExitStack() as servers:
        other = servers.enter_context(serving(elsewhere, text="3.1.2"))
        host = servers.enter_context(serving(there, moved_to=f"http://{other}/version"))
        assert server_version(f"http://ann:secret@{host}") == "3.1.2"
    assert there[0]["Authorization"] == "Basic YW5uOnNlY3JldA=="
    assert "Authorization" not in elsewhere[0]


def test_what_says_no_number_is_no_mlflow() -> None:
    with serving([], text="<html>") as host:
        assert server_version(f"http://{host}") is None
    assert server_version("sqlite:///mlflow.db") is None
