"""A command by itself, as the whole program runs it."""

from collections.abc import Callable

import typer
from typer.testing import CliRunner

from mdml_tune.errors import MdmlTuneError


def run(command: Callable[..., None], *arguments: str) -> tuple[int, str]:
    """Exit code and everything that it said."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(command)
    done = CliRunner().invoke(app, list(arguments))
    if isinstance(done.exception, MdmlTuneError):
        return done.exception.exit_code, f"{done.output}error: {done.exception}"
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output
