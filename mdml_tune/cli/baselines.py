"""`mdml-tune baselines`: only the single-task networks that a study is measured against."""

import typer

from mdml_tune.cli import arguments as arg


def baselines(
    space: arg.Space = arg.DEFAULT_SPACE,
    *,
    name: arg.Name = None,
    storage: arg.Storage = arg.DEFAULT_STORAGE,
    tracking_uri: arg.TrackingUri = arg.DEFAULT_TRACKING,
    address: arg.Address = None,
    data_root: arg.DataRoot = None,
    set_values: arg.Set = None,
    concurrency: arg.Concurrency = None,
) -> None:
    """Train the single-task references of SPACE; every study that needs the same finds them."""
    from mdml_tune.cli.session import Session
    from mdml_tune.records import Phase
    from mdml_tune.spaces.load import load_study

    study = load_study(space, set_values=set_values or [], name=name)
    session = Session.at(study, storage, tracking_uri)
    raise typer.Exit(
        session.run(
            address=address,
            concurrency=concurrency,
            data_root=arg.absolute(data_root),
            until=Phase.BASELINE,
        )
    )
