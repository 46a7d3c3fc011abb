"""`mdml-tune rank`: which configurations are really better."""

from pathlib import Path
from typing import Annotated

import typer

from mdml_tune.cli import arguments as arg
from mdml_tune.errors import ConfigError
from mdml_tune.records import Phase


def rank(
    study: arg.StudyName,
    *,
    csv: Annotated[Path | None, typer.Option(help="Write the whole ranking there.")] = None,
    parquet: Annotated[Path | None, typer.Option(help="Write it there, with types.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Rows to print.")] = 20,
    phase: Annotated[Phase | None, typer.Option(help="Trials of search or confirm alone.")] = None,
    config: Annotated[
        int | None,
        typer.Option(
            metavar="RANK",
            help="Print the configuration at RANK (1 is the best) as a study file for "
            "'mdml-tune train', and nothing else.",
        ),
    ] = None,
    storage: arg.Storage = arg.DEFAULT_STORAGE,
) -> None:
    """Print the ranking of STUDY, best first, ties within noise in one tier.

    To train the winner again: mdml-tune rank STUDY --config 1 > best.yaml; mdml-tune train best.yaml
    """
    from mdml_tune.analysis.export import study_metadata, write_csv, write_parquet
    from mdml_tune.analysis.frame import ranked_frame
    from mdml_tune.analysis.pareto import searched_front
    from mdml_tune.analysis.ranking import rank as ranked
    from mdml_tune.analysis.reuse import ranked_yaml
    from mdml_tune.analysis.tables.leaderboard import leaderboard
    from mdml_tune.cli.tables import build_console, print_table
    from mdml_tune.storage.studies import Storage
    from mdml_tune.tracking.ledger import run_ids

    if phase is Phase.BASELINE:
        raise ConfigError(
            "--phase baseline: single-task networks are what configurations are measured against, "
            "and are not ranked. Choose search or confirm."
        )
    folder = Storage.at(storage).study(study)
    record = folder.record()
    rows = ranked(record, phase)
    frame = ranked_frame(record, rows, run_ids(folder))
    if csv is not None:
        write_csv(frame, csv)
    if parquet is not None:
        write_parquet(frame, parquet, study_metadata(record))
    if config is not None:
        typer.echo(ranked_yaml(record, rows, config), nl=False)
        return
    print_table(
        build_console(), leaderboard(rows, top, searched_front(record)), title=f"Study {study}"
    )
