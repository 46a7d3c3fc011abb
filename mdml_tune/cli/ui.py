"""`mdml-tune ui`: the MLflow UI on the right store."""

import os
from typing import Annotated

import typer

from mdml_tune.cli import arguments as arg


def ui(
    *,
    tracking_uri: arg.TrackingUri = arg.DEFAULT_TRACKING,
    port: Annotated[int, typer.Option(min=1, max=65535, help="On this machine alone.")] = 5000,
) -> None:
    """Serve the MLflow UI for TRACKING_URI on this machine; Ctrl-C ends it."""
    from mdml_tune.tracking.check import check_tracking
    from mdml_tune.tracking.ui import ui_command, ui_environment

    command = ui_command(tracking_uri, port)
    if command is None:
        typer.echo(f"A server runs already: open {tracking_uri}")
        return
    check_tracking(tracking_uri)
    typer.echo(f"Open http://127.0.0.1:{port} (Ctrl-C ends it)")
    os.execve(command[0], command, ui_environment(tracking_uri))  # noqa: S606 (our own words)
