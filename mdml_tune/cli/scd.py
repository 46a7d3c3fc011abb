"""`mdml-tune scd`: how alike the tasks are, and what a grouping threshold can choose between."""

from typing import Annotated

import typer

from mdml_tune.cli import arguments as arg


def scd(  # noqa: PLR0913 (one parameter per flag)
    space: arg.Space = "rooms_mdml_scd",
    *,
    similarity: Annotated[
        str, typer.Option(help="linear_cka, rsa_spearman or gradient_cosine.")
    ] = "linear_cka",
    linkage: Annotated[str, typer.Option(help="average or single.")] = "average",
    name: arg.Name = None,
    storage: arg.Storage = arg.DEFAULT_STORAGE,
    tracking_uri: arg.TrackingUri = arg.DEFAULT_TRACKING,
    address: arg.Address = None,
    data_root: arg.DataRoot = None,
    set_values: arg.Set = None,
    concurrency: arg.Concurrency = None,
) -> None:
    """Show the similarity of SPACE's tasks, the dendrogram, and each threshold's partition.

    Read from the single-task baselines, which are trained first where the storage lacks them.
    """
    from mdml_tune.cli.relations import check_choice, show_relations
    from mdml_tune.cli.session import Session
    from mdml_tune.records import Phase
    from mdml_tune.scd.relations import Needs
    from mdml_tune.spaces.load import load_study
    from mdml_tune.tuning.relating import read_relations

    kind, link = check_choice(similarity, linkage)
    asked = Needs(frozenset([kind]), complexity=True)
    study = load_study(space, set_values=set_values or [], name=name)
    session = Session(study, storage, tracking_uri)
    code = session.run(
        address=address,
        concurrency=concurrency,
        data_root=arg.absolute(data_root),
        until=Phase.BASELINE,
        asked=asked,
    )
    relations = read_relations(session.folder, asked)
    if code == 0 and relations is not None:
        show_relations(session.console, relations, kind, link)
    raise typer.Exit(code)
