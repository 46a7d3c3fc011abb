"""`mdml-tune stop`: end a running study in order."""

from typing import Annotated

import typer

from mdml_tune.cli import arguments as arg


def stop(
    study: arg.StudyName,
    *,
    storage: arg.Storage = arg.DEFAULT_STORAGE,
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for its end.", metavar="SECONDS")
    ] = 120.0,
) -> None:
    """Ask STUDY, which runs here or elsewhere on the same storage, to end, and wait until it has.

    Nothing is lost: its search command goes on from there.
    """
    from mdml_tune.cli.stopping import stop_study
    from mdml_tune.storage.studies import Storage

    folder = Storage.at(storage).study(study)
    folder.record()  # says so where there is no such study
    stop_study(folder, wait)
