"""`mdml-tune train`: one configuration in this process, without Ray and MLflow."""

from pathlib import Path
from typing import Annotated

import typer

from mdml_tune.cli import arguments as arg


def train(
    space: arg.Space = arg.DEFAULT_SPACE,
    *,
    set_values: arg.Set = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the trial.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for what the trial leaves behind.")] = Path(
        "trained"
    ),
    data_root: arg.DataRoot = None,
    storage: arg.Storage = arg.DEFAULT_STORAGE,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
    save_predictions: Annotated[
        Path | None,
        typer.Option(help="Write predictions, targets and masks of val and test (.npz)."),
    ] = None,
) -> None:
    """Train the one configuration of SPACE, and score it on val and test.

    Domains must be fixed with --set. OUT then holds trial.yaml, history.jsonl, metrics.json and the
    last checkpoint; the same command goes on after an interruption. Δm is reported where the storage
    holds the baselines that belong to it (mdml-tune baselines SPACE); SCD learns from them.
    """
    from mdml_tune.cli.single import train_one
    from mdml_tune.spaces.load import load_study

    study = load_study(space, set_values=set_values or [])
    raise typer.Exit(
        train_one(
            study,
            seed=seed,
            out=out,
            data_root=arg.absolute(data_root),
            storage=storage,
            threads=threads,
            save_predictions=save_predictions,
        )
    )
