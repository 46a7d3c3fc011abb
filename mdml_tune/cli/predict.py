"""`mdml-tune predict`: what a trained network says of images."""

from pathlib import Path
from typing import Annotated

import typer

from mdml_tune.cli import arguments as arg


def predict(  # noqa: PLR0913 (one parameter per flag)
    trial: Annotated[
        str,
        typer.Argument(
            help="Key of a trial, or its beginning; or the folder of `train --out`.",
            metavar="TRIAL_KEY|DIR",
        ),
    ],
    *,
    split: Annotated[str, typer.Option(help="train, val or test of the trial's data set.")] = "val",
    images: Annotated[
        Path | None, typer.Option(help="A folder of PNG and JPEG images instead.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path("predictions"),
    count: Annotated[
        int | None,
        typer.Option(min=0, help="Pictures to draw; else 8 of a split, and all of a folder."),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(help="Write predictions, targets and masks of all images (.npz)."),
    ] = None,
    storage: arg.Storage = arg.DEFAULT_STORAGE,
    data_root: arg.DataRoot = None,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
) -> None:
    """Let the reported network of a trial say what it sees, and draw it beside the labels.

    Its checkpoint must have been kept: those of confirmed trials, of baselines and of `train` are.
    Images are taken as they are, without resizing.
    """
    from mdml_tune.cli.predicting.predictions import Wanted, predict_with
    from mdml_tune.data.split import SplitName
    from mdml_tune.errors import ConfigError
    from mdml_tune.storage.studies import Storage

    if save is not None and save.suffix != ".npz":
        raise ConfigError(f"--save {save}: give a name that ends in .npz.")
    if split not in list(SplitName):
        raise ConfigError(f"--split {split}: allowed are {', '.join(SplitName)}.")
    wanted = Wanted(
        images=None if images is None else images.expanduser(),
        split=SplitName(split),
        out=out,
        count=count,
        save=save,
        data_root=arg.absolute(data_root),
        threads=threads,
    )
    for path in predict_with(Storage.at(storage), trial, wanted):
        typer.echo(f"{path}")
