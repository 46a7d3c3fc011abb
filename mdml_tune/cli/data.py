"""`mdml-tune data`: look at what is learnt from."""

from pathlib import Path
from typing import Annotated, cast

import typer

PICTURES = (".png", ".pdf", ".svg")

data = typer.Typer(no_args_is_help=True, help="Look at data sets.")


@data.callback()
def options() -> None:
    """Look at data sets."""


@data.command()
def show(
    dataset: Annotated[str, typer.Argument(help="rooms or nyuv2.")] = "rooms",
    *,
    out: Annotated[Path, typer.Option(help="Picture to write (.png, .pdf, .svg).")] = Path(
        "samples.png"
    ),
    count: Annotated[int, typer.Option(min=1, max=64, help="Images to draw.")] = 6,
    split: Annotated[str, typer.Option(help="train, val or test.")] = "train",
    height: Annotated[int, typer.Option(help="Pixels; rooms only.")] = 96,
    width: Annotated[int, typer.Option(help="Pixels; rooms only.")] = 128,
    seed: Annotated[int, typer.Option(min=0, help="Other scenes of the same kind.")] = 0,
    data_root: Annotated[Path | None, typer.Option(help="Folder of the data set.")] = None,
) -> None:
    """Draw samples of DATASET with their labels."""
    from mdml_tune.config.data import DataConfig, NyuV2Data, RoomsData
    from mdml_tune.config.schema import Problem, refuse, validate
    from mdml_tune.data.load import check_data, load_split
    from mdml_tune.data.show import draw_samples
    from mdml_tune.data.split import SplitName
    from mdml_tune.errors import ConfigError
    from mdml_tune.tasks import Task

    if out.suffix not in PICTURES:
        raise ConfigError(f"--out {out}: give a name that ends in {', '.join(PICTURES)}.")
    if split not in list(SplitName):
        raise ConfigError(f"--split {split}: allowed are {', '.join(SplitName)}.")
    settings: dict[str, object] = {"dataset": dataset, "tasks": list(Task), "seed": seed}
    if dataset == "rooms":
        settings |= {f"{split}_size": count, "image_size": [height, width]}
    else:
        settings["tasks"] = [Task.SEGMENTATION, Task.DEPTH, Task.NORMALS]
    config = cast("RoomsData | NyuV2Data | list[Problem]", validate(DataConfig, settings))
    if isinstance(config, list):
        raise refuse("data show", config)
    check_data(config, data_root)
    figure = draw_samples(load_split(config, SplitName(split), data_root), config.tasks, count)
    figure.savefig(out, dpi=110)
    typer.echo(f"{out}")
