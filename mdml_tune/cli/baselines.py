"""`mdml-tune baselines`: the single-task networks that studies are measured against."""

from typing import Annotated

import typer

from mdml_tune.cli import arguments as arg


def baselines(  # noqa: PLR0913 (one parameter per flag)
    space: arg.Space = arg.DEFAULT_SPACE,
    *,
    name: arg.Name = None,
    storage: arg.Storage = arg.DEFAULT_STORAGE,
    tracking_uri: arg.TrackingUri = arg.DEFAULT_TRACKING,
    address: arg.Address = None,
    data_root: arg.DataRoot = None,
    set_values: arg.Set = None,
    concurrency: arg.Concurrency = None,
    show: Annotated[
        bool, typer.Option("--list", help="Show all that the storage holds; train nothing.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete those that no study needs; train nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --prune: do not ask.")] = False,
) -> None:
    """Train the single-task references of SPACE; every study that needs the same finds them."""
    if show or prune:
        from mdml_tune.cli.keeping import prune_baselines, show_baselines
        from mdml_tune.storage.studies import Storage

        store = Storage.at(storage)
        if prune:
            prune_baselines(store, yes=yes)
        else:
            show_baselines(store)
        return

    from mdml_tune.cli.session import Session
    from mdml_tune.records import Phase
    from mdml_tune.spaces.load import load_study

    study = load_study(space, set_values=set_values or [], name=name)
    session = Session(study, storage, tracking_uri)
    raise typer.Exit(
        session.run(
            address=address,
            concurrency=concurrency,
            data_root=arg.absolute(data_root),
            until=Phase.BASELINE,
        )
    )
