"""`mdml-tune doctor`: everything that would make a study fail, found before it does."""

from pathlib import Path
from typing import Annotated

import typer

from mdml_tune.cli import arguments as arg
from mdml_tune.errors import ConfigError


def doctor(  # noqa: PLR0913 (one parameter per flag)
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
    cluster: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A file that a cluster is made from (ray up, kubectl apply): check it instead.",
        ),
    ] = None,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair", help="Remove dead locks, and end runs that something dead left RUNNING."
        ),
    ] = False,
) -> None:
    """Check versions, GPUs, storage and tracking store; with SPACE its data and networks too.

    With --address every node of the cluster is asked. With --cluster a launcher file of Ray, or a
    Kubernetes manifest, is read instead, and nothing is asked; with SPACE it says how many trials
    fit. Exit code 3 means that a study would fail, or that something is open to the world.
    """
    if cluster is not None:
        if repair:
            raise ConfigError("--repair mends nothing in the file of --cluster: give one of them.")
        raise typer.Exit(_of_file(cluster, space, set_values or []))
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


def _of_file(path: Path, space: str | None, set_values: list[str]) -> int:
    from mdml_tune.cli.checking.cluster_file.examining import cluster_file_checks
    from mdml_tune.cli.checking.telling import tell
    from mdml_tune.spaces.load import load_study

    study = None if space is None else load_study(space, set_values=set_values)
    return tell(cluster_file_checks(path, study))
