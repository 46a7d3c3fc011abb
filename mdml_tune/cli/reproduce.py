"""`mdml-tune reproduce`: train a recorded trial again, and say whether it matched."""

from pathlib import Path
from typing import Annotated

import typer

from mdml_tune.cli import arguments as arg


def reproduce(
    trial: Annotated[
        str, typer.Argument(help="Key of a trial, or its beginning.", metavar="TRIAL_KEY")
    ],
    *,
    storage: arg.Storage = arg.DEFAULT_STORAGE,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the new run; else STORAGE/reproduced/KEY.")
    ] = None,
    data_root: arg.DataRoot = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="CPU threads; else as many as it had.")
    ] = None,
    tolerance: Annotated[
        float, typer.Option(min=0, help="Relative difference that still counts as equal.")
    ] = 1e-6,
) -> None:
    """Train the recorded trial TRIAL_KEY again, and compare every metric of every epoch.

    Says first what has changed since: code, versions, machine. Other data are refused. OUT then
    holds the new history, comparison.json and a picture of both curves; the same command goes on
    after an interruption. Exit code 4 means that it did not match.
    """
    from mdml_tune.cli.repeating.reproducing import reproduce_trial
    from mdml_tune.cli.repeating.rerun import Asked
    from mdml_tune.storage.studies import Storage

    asked = Asked(
        storage=Storage.at(storage),
        key=trial,
        out=arg.absolute(out),
        data_root=arg.absolute(data_root),
        threads=threads,
        tolerance=tolerance,
    )
    raise typer.Exit(reproduce_trial(asked))
