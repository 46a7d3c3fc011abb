"""`mdml-tune ui`: the MLflow UI on the right store."""

import os
from typing import Annotated

import typer

from mdml_tune.cli import arguments as arg


def ui(
    *,
    tracking_uri: arg.TrackingUri = arg.DEFAULT_TRACKING,
    storage: arg.Storage = arg.DEFAULT_STORAGE,
    port: Annotated[int, typer.Option(min=1, max=65535, help="On this machine alone.")] = 5000,
) -> None:
    """Serve the MLflow UI for TRACKING_URI on this machine; Ctrl-C ends it.

    Prints the page of each study in the storage; a server that runs already is left as it is.
    """
    from mdml_tune.storage.studies import Storage
    from mdml_tune.tracking.check import check_tracking
    from mdml_tune.tracking.ui import study_page, ui_command, ui_environment

    command = ui_command(tracking_uri, port)
    check_tracking(tracking_uri)
    base = f"http://127.0.0.1:{port}" if command is not None else tracking_uri
    store = Storage.at(storage)
    for name in store.studies():
        page = study_page(store.study(name), tracking_uri, base)
        typer.echo(f"{name:20} {page or f'not in this store: mdml-tune sync {name}'}")
    if command is None:
        typer.echo(f"The server runs already: {tracking_uri}")
        return
    typer.echo(f"MLflow at {base} in some seconds; Ctrl-C ends it.")
    os.execve(command[0], command, ui_environment(tracking_uri))  # noqa: S606 (our own words)
