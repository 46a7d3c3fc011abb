"""Asking before something is deleted."""

import sys

import typer

from mdml_tune.errors import ConfigError


def require_consent(question: str, *, yes: bool) -> None:
    """Go on only if the user wants it.

    Raises:
        ConfigError: There is no terminal to ask at, and ``--yes`` was not given.
        typer.Exit: The answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfigError(f"{question} There is no terminal to ask at: say so with --yes.")
    if not typer.confirm(question):
        typer.echo("Nothing was deleted.")
        raise typer.Exit
