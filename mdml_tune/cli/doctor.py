"""`mdml-tune doctor`: everything that would make a study fail, found before it does."""

from typing import Annotated

import typer

from mdml_tune.cli import arguments as arg


def doctor(
    space: Annotated[
        str | None,
        typer.Argument(
            help="Study file: a path, or the name of a shipped one; else what all studies need.",
            metavar="[SPACE]",
        ),
    ] = None,
    *,
    storage: arg.Storage = arg.DEFAULT_STORAGE,
    tracking_uri: arg.TrackingUri = arg.DEFAULT_TRACKING,
    address: arg.Address = None,
    data_root: arg.DataRoot = None,
    set_values: arg.Set = None,
    concurrency: arg.Concurrency = None,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair", help="Remove dead locks, and end runs that something dead left RUNNING."
        ),
    ] = False,
) -> None:
    """Check versions, GPUs, storage and tracking store; with SPACE its data and networks too.

    With --address every node of the cluster is asked. Exit code 3 means that a study would fail.
    """
    from mdml_tune.cli.checking.doctoring import Patient, examine
    from mdml_tune.spaces.load import load_study
    from mdml_tune.storage.studies import Storage

    patient = Patient(
        study=None if space is None else load_study(space, set_values=set_values or []),
        storage=Storage.at(storage),
        tracking_uri=tracking_uri,
        address=address,
        data_root=arg.absolute(data_root),
        concurrency=concurrency,
    )
    raise typer.Exit(examine(patient, repair=repair))
