"""What is called when something happens to a study: an address, a command, or both."""

import base64
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message as Headers
from http.client import HTTPException
from typing import IO, Literal
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from mdml_tune.errors import ConfigError
from mdml_tune.records import Value

POST_SECONDS = 5.0
COMMAND_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Message:
    study: str
    event: Literal["finish", "failure", "new_leader"]
    text: str
    """One line for a person."""
    values: Mapping[str, Value] = field(default_factory=dict[str, Value])
    """The same for a program."""

    def to_json(self) -> dict[str, object]:
        return {
            "study": self.study,
            "event": self.event,
            "text": self.text,
            "values": dict(self.values),
        }


class HookError(Exception):
    """A hook did not take a message; says why without saying any secret."""


@dataclass(frozen=True, slots=True)
class Webhook:
    url: str

    @classmethod
    def at(cls, url: str) -> "Webhook":
        """Where messages are posted to as JSON.

        Raises:
            ConfigError: It is no http or https address.
        """
        remedy = "give an address such as https://HOST/PATH."
        if not re.fullmatch(r"[!-~]+", url):
            raise ConfigError(
                f"--webhook: found a blank, or a character outside ASCII; percent-encode it, and "
                f"{remedy}"
            )
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError:
            raise ConfigError(f"--webhook: found a malformed address; {remedy}") from None
        if parts.scheme not in {"http", "https"}:
            raise ConfigError(f"--webhook: found no http:// or https:// at its start; {remedy}")
        if not parts.hostname:
            raise ConfigError(f"--webhook: found no host; {remedy}")
        return cls(url)

    def __str__(self) -> str:
        """Host alone: what follows it is as secret as a password (Slack, Teams, Discord)."""
        parts = urlsplit(self.url)
        return f"webhook {parts.scheme}://{_host(parts)}/..."

    def call(self, message: Message) -> None:
        """Post it.

        Raises:
            HookError: It was not taken.
        """
        parts = urlsplit(self.url)
        headers = {"Content-Type": "application/json", "User-Agent": "mdml-tune"}
        if parts.username is not None:
            known = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            headers["Authorization"] = f"Basic {base64.b64encode(known.encode()).decode()}"
        bare = urlunsplit((parts.scheme, _host(parts), parts.path, parts.query, ""))
        content = json.dumps(message.to_json()).encode()
        request = urllib.request.Request(bare, content, headers, method="POST")  # noqa: S310 (http or https: checked)
        try:
            with urllib.request.build_opener(_NoRedirects).open(request, timeout=POST_SECONDS):
                pass
        except HTTPError as error:
            error.close()
            raise HookError(f"it answered with HTTP {error.code}") from None
        except URLError as error:
            raise HookError(f"it cannot be reached ({error.reason})") from None
        except (OSError, HTTPException) as error:
            raise HookError(f"it did not answer ({type(error).__name__})") from None


@dataclass(frozen=True, slots=True)
class Command:
    words: tuple[str, ...]

    @classmethod
    def of(cls, command: str) -> "Command":
        """A program and its arguments, as in a shell but without one.

        Raises:
            ConfigError: It cannot be read, or there is no such program.
        """
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise ConfigError(f"--on-event: {error}; quote it as for a shell.") from None
        if not words:
            raise ConfigError("--on-event: found nothing; give a program and its arguments.")
        if shutil.which(words[0]) is None:
            raise ConfigError(
                f"--on-event: there is no program '{words[0]}' on the PATH that may be run; install "
                f"it, make it executable (chmod +x), or give its path."
            )
        return cls(tuple(words))

    def __str__(self) -> str:
        return f"command {self.words[0]}"

    def call(self, message: Message) -> None:
        """Run it with the message in its environment; what it prints is not shown.

        Raises:
            HookError: It could not be started, failed, or took too long and was ended.
        """
        environment = {
            "MDML_STUDY": message.study,
            "MDML_EVENT": message.event,
            "MDML_TEXT": message.text,
            "MDML_VALUES": json.dumps(dict(message.values)),
        }
        nothing = subprocess.DEVNULL
        try:
            process = subprocess.Popen(  # noqa: S603 (the user's own command)
                self.words,
                env={**os.environ, **environment},
                stdin=nothing,
                stdout=nothing,
                stderr=nothing,
                start_new_session=True,  # Ctrl-C ends the study, and it may still say so
            )
        except OSError as error:
            raise HookError(f"it could not be started ({error.strerror})") from None
        try:
            status = process.wait(COMMAND_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise HookError(f"it took longer than {COMMAND_SECONDS:g} s and was ended") from None
        if status:
            raise HookError(f"it ended with exit status {status}")


Hook = Webhook | Command


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirected post would arrive as a question, or elsewhere."""

    def redirect_request(
        self,
        req: urllib.request.Request,  # noqa: ARG002
        fp: IO[bytes],  # noqa: ARG002
        code: int,  # noqa: ARG002
        msg: str,  # noqa: ARG002
        headers: Headers,  # noqa: ARG002
        newurl: str,  # noqa: ARG002
    ) -> None:
        return None


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]
