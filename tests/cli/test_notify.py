"""Hooks: told of what happened, by real requests and real processes, and never in the way."""

import base64
import json
import logging
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from watching import OBJECTIVE, record

from mdml_tune.cli.watching import hooks, notify
from mdml_tune.cli.watching.hooks import Command, HookError, Message, Webhook
from mdml_tune.cli.watching.notify import Notifier, hooks_of, notifying
from mdml_tune.errors import ConfigError, UnavailableError
from mdml_tune.records import Phase, Status
from mdml_tune.tuning.events import Event, Notice, PhaseStarted, TrialEnded, TrialStarted

MESSAGE = Message("small", "finish", "done", {"best/test/delta_m": 1.5})


@dataclass
class Receiver:
    """A server that takes messages, or does not."""

    uri: str = ""
    status: int = 200
    location: str = ""
    gate: threading.Event = field(default_factory=threading.Event)
    """Requests are answered once it is set."""
    taken: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    """Method, path, headers, content."""

    @property
    def contents(self) -> list[Any]:
        return [content for *_, content in self.taken]


@pytest.fixture
def receiver() -> Generator[Receiver]:
    received = Receiver()
    received.gate.set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version: ClassVar[str] = "HTTP/1.1"

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"] or 0))
            headers = dict(self.headers.items())
            received.taken.append((self.command, self.path, headers, json.loads(content)))
            received.gate.wait(10)
            self.send_response(received.status)
            if received.location:
                self.send_header("Location", received.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    received.uri = f"http://127.0.0.1:{server.server_port}"
    yield received
    received.gate.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], str]:
    """A program of the user's own; its path."""

    def write(body: str) -> str:
        path = tmp_path / "hook.sh"
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return str(path)

    return write


def nowhere() -> str:
    """An address at which nobody listens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        return f"http://127.0.0.1:{server.server_port}/token"


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


# ---------------------------------------------------------------- at the door


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("hooks.example.com/T0KEN", "no http:// or https://"),
        ("ftp://user:T0KEN@example.com", "no http:// or https://"),
        ("file:///T0KEN", "no http:// or https://"),
        ("http:///T0KEN", "no host"),
        ("http://user:T0KEN@/path", "no host"),
        ("http://example.com:T0KEN/", "malformed"),
        ("http://[T0KEN/", "malformed"),
        ("http://example.com/T0KEN with blanks", "a blank"),
        ("http://example.com/T0KEN\n", "a blank"),
        ("http://example.com/T0KENé", "outside ASCII"),
        ("", "a blank"),
    ],
)
def test_an_address_that_cannot_work_is_refused_without_telling_secrets(
    url: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=r"^--webhook: found .* give an address") as refused:
        hooks_of(url, None)
    assert message in str(refused.value)
    assert "T0KEN" not in str(refused.value)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("", "found nothing"),
        ("no-such-program-anywhere --flag", "no program 'no-such-program-anywhere' on the PATH"),
        ("echo 'open", "No closing quotation"),
    ],
)
def test_a_command_that_cannot_work_is_refused(command: str, message: str) -> None:
    with pytest.raises(ConfigError, match=r"^--on-event: ") as refused:
        hooks_of(None, command)
    assert message in str(refused.value)


def test_a_file_that_may_not_be_run_is_refused(script: Callable[[str], str]) -> None:
    path = Path(script("exit 0"))
    path.chmod(0o644)
    with pytest.raises(ConfigError, match=r"may be run; install it, make it executable \(chmod"):
        hooks_of(None, str(path))


def test_hooks_are_optional() -> None:
    assert hooks_of(None, None) == ()
    assert hooks_of("https://a.b/c", "echo 'a b' $HOME") == (
        Webhook("https://a.b/c"),
        Command(("echo", "a b", "$HOME")),  # no shell
    )


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://hooks.slack.com/services/T0/B0/T0KEN", "webhook https://hooks.slack.com/..."),
        ("http://me:T0KEN@host:81/a?token=T0KEN", "webhook http://host:81/..."),
    ],
)
def test_a_webhook_is_called_by_its_host_alone(url: str, said: str) -> None:
    assert str(Webhook(url)) == said


# ---------------------------------------------------------------- a webhook


def test_a_webhook_is_posted_json(receiver: Receiver) -> None:
    Webhook.at(f"{receiver.uri}/a/b?c=d").call(MESSAGE)
    ((method, path, headers, content),) = receiver.taken
    assert (method, path) == ("POST", "/a/b?c=d")
    assert headers["Content-Type"] == "application/json"
    assert "Authorization" not in headers
    assert content == {
        "study": "small",
        "event": "finish",
        "text": "done",
        "values": {"best/test/delta_m": 1.5},
    }


def test_credentials_in_the_address_are_sent_as_such(receiver: Receiver) -> None:
    Webhook.at(receiver.uri.replace("//", "//me:p%40ss@") + "/a").call(MESSAGE)
    ((_, path, headers, _),) = receiver.taken
    assert path == "/a"
    assert headers["Authorization"] == f"Basic {base64.b64encode(b'me:p@ss').decode()}"
    assert headers["Host"] == receiver.uri.removeprefix("http://")


@pytest.mark.parametrize("status", [400, 404, 500])
def test_an_answer_that_is_an_error_is_told(receiver: Receiver, status: int) -> None:
    receiver.status = status
    with pytest.raises(HookError, match=rf"^it answered with HTTP {status}$"):
        Webhook.at(receiver.uri).call(MESSAGE)


@pytest.mark.parametrize("status", [301, 302, 303, 307])
def test_nothing_is_sent_elsewhere(receiver: Receiver, status: int) -> None:
    receiver.status, receiver.location = status, f"{receiver.uri}/elsewhere"
    with pytest.raises(HookError, match=rf"HTTP {status}"):
        Webhook.at(f"{receiver.uri}/here").call(MESSAGE)
    assert [path for _, path, *_ in receiver.taken] == ["/here"]


def test_a_host_that_is_not_there_is_told() -> None:
    with pytest.raises(HookError, match=r"^it cannot be reached \(.*refused\)$"):
        Webhook.at(nowhere()).call(MESSAGE)


def test_a_host_that_does_not_answer_is_given_up(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hooks.POST_SECONDS == 5
    monkeypatch.setattr(hooks, "POST_SECONDS", 0.1)
    receiver.gate.clear()
    with pytest.raises(HookError, match=r"^it did not answer \(TimeoutError\)$"):
        Webhook.at(receiver.uri).call(MESSAGE)


# ---------------------------------------------------------------- a command


def test_a_command_has_the_message_in_its_environment(
    script: Callable[[str], str], tmp_path: Path
) -> None:
    body = 'env | grep ^MDML_ > "$1/said"; echo "$HOME $2" > "$1/more"; echo noise; echo noise >&2'
    Command.of(f"{script(body)} '{tmp_path}' '$(a b)'").call(MESSAGE)
    said = dict(line.split("=", 1) for line in (tmp_path / "said").read_text().splitlines())
    assert json.loads(said.pop("MDML_VALUES")) == {"best/test/delta_m": 1.5}
    assert said == {"MDML_STUDY": "small", "MDML_EVENT": "finish", "MDML_TEXT": "done"}
    assert (tmp_path / "more").read_text() == f"{Path.home()} $(a b)\n"  # words are not expanded


def test_what_a_command_prints_is_not_shown(
    script: Callable[[str], str], capfd: pytest.CaptureFixture[str]
) -> None:
    Command.of(script("echo noise; echo noise >&2")).call(MESSAGE)
    assert capfd.readouterr() == ("", "")


def test_a_command_that_fails_is_told(script: Callable[[str], str]) -> None:
    with pytest.raises(HookError, match=r"^it ended with exit status 3$"):
        Command.of(script("exit 3")).call(MESSAGE)


def test_a_command_that_vanished_is_told(script: Callable[[str], str]) -> None:
    command = Command.of(script("exit 0"))
    Path(command.words[0]).unlink()
    with pytest.raises(HookError, match=r"^it could not be started \(No such file"):
        command.call(MESSAGE)


def test_a_command_that_hangs_is_ended_with_all_it_has_started(
    script: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hooks.COMMAND_SECONDS == 30
    monkeypatch.setattr(hooks, "COMMAND_SECONDS", 0.3)
    child = tmp_path / "child"
    command = Command.of(script(f"sleep 60 & echo $! > {child}; wait"))
    with pytest.raises(HookError, match=r"^it took longer than 0\.3 s and was ended$"):
        command.call(MESSAGE)

    def gone() -> bool:
        status = Path(f"/proc/{child.read_text().strip()}/stat")
        return not status.exists() or status.read_text().split()[2] == "Z"

    wait_for(gone)


# ---------------------------------------------------------------- beside a study


def test_a_study_tells_its_leaders_its_failures_and_its_end(receiver: Receiver) -> None:
    seen: list[Event] = []
    events = [
        PhaseStarted(Phase.SEARCH, 4, 0),
        TrialStarted(record(0), 8),
        TrialEnded(record(0, 1.0)),
        TrialEnded(record(1, 0.5)),
        TrialEnded(record(2, status=Status.FAILED, failure="OutOfMemory: 3 GiB\nTraceback")),
        TrialEnded(record(3, 2.0, method="peers", parameters={"mutual.weight": 0.25})),
    ]
    with notifying("small", hooks_of(receiver.uri, None)) as notifier:
        observe = notifier.watching(seen.append, OBJECTIVE)
        for event in events:
            observe(event)
            expected = [0, 0, 1, 1, 2, 3][events.index(event)]
            wait_for(lambda expected=expected: len(receiver.taken) == expected)
        notifier.finished("peers gains 2.0 %", {"best/val/delta_m": 2.0})
    assert seen == events
    first, failure, last, end = receiver.contents
    assert first["event"] == last["event"] == "new_leader"
    assert last == {
        "study": "small",
        "event": "new_leader",
        "text": "trial 3 peers leads with val/delta_m +2.00 %",
        "values": {
            "mutual.weight": 0.25,
            "trial_key": record(3).trial_key,
            "config_id": record(3).config_id,
            "number": 3,
            "method": "peers",
            "seed": 0,
            "val/delta_m": 2.0,
        },
    }
    assert (failure["event"], failure["values"]["number"]) == ("failure", 2)
    assert failure["text"] == "trial 2 c0000000002 failed: OutOfMemory: 3 GiB"
    assert end == {
        "study": "small",
        "event": "finish",
        "text": "peers gains 2.0 %",
        "values": {"best/val/delta_m": 2.0},
    }


DIVERGED = {"status": Status.FAILED, "failure": "diverged in epoch 3: train/loss is nan"}


@pytest.mark.parametrize(
    ("changed", "told"),
    [(DIVERGED, 0), ({**DIVERGED, "phase": Phase.CONFIRM}, 1), ({"status": Status.PRUNED}, 0)],
)
def test_a_search_that_tries_too_much_is_no_failure(
    receiver: Receiver, changed: dict[str, object], told: int
) -> None:
    with notifying("small", hooks_of(receiver.uri, None)) as notifier:
        observe = notifier.watching(lambda _: None, OBJECTIVE)
        observe(TrialEnded(record(0, **changed)))
    assert len(receiver.taken) == told


def test_the_leader_of_an_earlier_start_is_no_news(receiver: Receiver) -> None:
    with notifying("small", hooks_of(receiver.uri, None)) as notifier:
        observe = notifier.watching(lambda _: None, OBJECTIVE, [record(0, 2.0)])
        observe(TrialEnded(record(1, 1.0)))
    assert receiver.contents == []


def test_whoever_overtakes_the_leader_of_an_earlier_start_is(receiver: Receiver) -> None:
    with notifying("small", hooks_of(receiver.uri, None)) as notifier:
        observe = notifier.watching(lambda _: None, OBJECTIVE, [record(0, 2.0)])
        observe(TrialEnded(record(2, 3.0)))
    assert [content["values"]["number"] for content in receiver.contents] == [2]


def begin_and_raise(notifier: Notifier, error: BaseException) -> None:
    notifier.watching(lambda _: None, OBJECTIVE)(Notice("it has begun"))
    raise error


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (KeyboardInterrupt(), "interrupted; the same command goes on from here"),
        (UnavailableError("No GPU is there.\nMore."), "No GPU is there."),
        (ZeroDivisionError(), "ZeroDivisionError"),
        (UnavailableError("http://me:T0KEN@host is away"), "http://***@host is away"),
    ],
)
def test_an_error_that_ends_the_study_is_told_and_goes_on(
    receiver: Receiver, error: BaseException, text: str
) -> None:
    with (
        pytest.raises(type(error)),
        notifying("small", hooks_of(receiver.uri, None)) as notifier,
    ):
        begin_and_raise(notifier, error)
    assert [(c["event"], c["text"]) for c in receiver.contents] == [("failure", text)]


def test_a_study_that_is_refused_before_it_begins_is_no_news(receiver: Receiver) -> None:
    with pytest.raises(UnavailableError), notifying("small", hooks_of(receiver.uri, None)):
        raise UnavailableError("it is already being worked on")
    assert receiver.contents == []


def test_without_hooks_nothing_is_in_between() -> None:
    def observe(_: Event) -> None: ...

    before = threading.active_count()
    with notifying("small", ()) as notifier:
        assert notifier.watching(observe, OBJECTIVE) is observe
        assert threading.active_count() == before
        notifier.finished("done")


@pytest.mark.parametrize("leaders", [True, False])
def test_a_slow_hook_never_delays_the_study(receiver: Receiver, *, leaders: bool) -> None:
    receiver.gate.clear()
    with notifying("small", hooks_of(receiver.uri, None)) as notifier:
        observe = notifier.watching(lambda _: None, OBJECTIVE)
        start = time.monotonic()
        for number in range(100):
            if leaders:
                observe(TrialEnded(record(number, float(number))))
            observe(TrialEnded(record(number, status=Status.FAILED, failure="worker lost")))
        assert time.monotonic() - start < 1
        wait_for(lambda: receiver.taken)
        notifier.finished("done")
        receiver.gate.set()
    # The first was under way; of the others the newest are left, and only the last leader.
    waited = receiver.contents[1:]
    assert len(waited) == notify.MOST_WAITING
    assert waited[-1]["event"] == "finish"
    told = [c["values"]["number"] for c in waited if c["event"] == "new_leader"]
    assert told == ([99] if leaders else [])


def test_a_leader_that_was_overtaken_is_not_told_but_failures_are(receiver: Receiver) -> None:
    receiver.gate.clear()
    with notifying("small", hooks_of(receiver.uri, None)) as notifier:
        observe = notifier.watching(lambda _: None, OBJECTIVE)
        observe(TrialEnded(record(0, 0.0)))
        wait_for(lambda: receiver.taken)
        observe(TrialEnded(record(1, 1.0)))
        observe(TrialEnded(record(9, status=Status.FAILED, failure="worker lost")))
        observe(TrialEnded(record(2, 2.0)))
        notifier.finished("done")
        receiver.gate.set()
    told = [(c["event"], c["values"].get("number")) for c in receiver.contents]
    assert told == [("new_leader", 0), ("failure", 9), ("new_leader", 2), ("finish", None)]


def test_the_end_waits_for_a_hook_but_not_for_ever(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert notify.PATIENCE_SECONDS > hooks.POST_SECONDS + hooks.COMMAND_SECONDS
    monkeypatch.setattr(notify, "PATIENCE_SECONDS", 0.2)
    receiver.gate.clear()
    start = time.monotonic()
    with notifying("small", hooks_of(receiver.uri, None)) as notifier:
        notifier.finished("done")
    assert time.monotonic() - start < 3


def test_a_failing_hook_is_told_once_and_the_other_goes_on(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.status = 500
    seen: list[Event] = []
    with notifying("small", hooks_of(f"{receiver.uri}/T0KEN", "false")) as notifier:
        observe = notifier.watching(seen.append, OBJECTIVE)
        for number in range(3):
            observe(TrialEnded(record(number, float(number))))
            wait_for(lambda number=number: len(receiver.taken) > number)
        wait_for(lambda: len(notifier._failing) == 2)
        observe(PhaseStarted(Phase.CONFIRM, 1, 0))
    warnings = [event.text for event in seen if isinstance(event, Notice)]
    assert len(warnings) == 2
    assert warnings[0].startswith(
        f"warning: the webhook {receiver.uri}/... failed: it answered with HTTP 500. The study goes"
    )
    assert warnings[1].startswith("warning: the command false failed: it ended with exit status 1")
    assert "T0KEN" not in "".join(warnings)
    assert caplog.records == []


def test_a_problem_at_the_very_end_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    address = nowhere()
    with (
        caplog.at_level(logging.WARNING),
        notifying("small", hooks_of(address, None)) as notifier,
    ):
        notifier.finished("done")
    (warning,) = caplog.messages
    assert "cannot be reached" in warning
    assert "token" not in warning


def test_whatever_goes_wrong_in_a_hook_the_study_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("T0KEN")

    monkeypatch.setattr(Webhook, "call", broken)
    with notifying("small", hooks_of("http://host/T0KEN", None)) as notifier:
        notifier.finished("done")
        notifier.failed("again")
    assert len(caplog.messages) == 1
    assert "failed: RuntimeError. The study goes on" in caplog.messages[0]
    assert "T0KEN" not in caplog.messages[0]


def test_a_long_text_is_shortened(receiver: Receiver) -> None:
    with notifying("small", hooks_of(receiver.uri, None)) as notifier:
        notifier.failed("word " * 1000)
    (content,) = receiver.contents
    assert len(content["text"]) == notify.LONGEST_TEXT
