"""`mdml-tune data`: look at what is learnt from, check it, and pack it."""

from pathlib import Path
from typing import Annotated

import typer

PICTURES = (".png", ".pdf", ".svg")

data = typer.Typer(no_args_is_help=True, help="Look at data sets, check them, and pack them.")

DataSet = Annotated[str, typer.Argument(help="nyuv2, cityscapes or folder.", metavar="DATASET")]
Root = Annotated[Path, typer.Option(help="Folder of the data set's files.")]
Classes = Annotated[int, typer.Option(help="Segmentation classes of cityscapes: 7 or 19.")]


@data.callback()
def options() -> None:
    """Look at data sets, check them, and pack them."""


@data.command()
def pack(
    dataset: DataSet,
    *,
    data_root: Root,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the packed files; else `packed` in the root.")
    ] = None,
    classes: Classes = 7,
) -> None:
    """Pack the files of DATASET into one file per split, which training maps into memory.

    Training does so by itself on first use; the packed files can serve as a data root of their own.
    """
    from mdml_tune.cli.data_sets import files_section, progress
    from mdml_tune.data.find import find_source, nothing_there
    from mdml_tune.data.packs import open_packs, pack_into

    config = files_section(dataset, classes)
    found = find_source(config, data_root)
    if found is None and out is not None:
        raise nothing_there(config, data_root)
    with progress() as on_progress:
        if found is None or out is None:
            packs = open_packs(config, data_root, on_progress)
        else:
            packs = pack_into(out, config, found, on_progress)
    for split, packed in packs.items():
        size = packed.path.stat().st_size / 1e6
        typer.echo(f"{split:6}{packed.header.count:6} images {size:10,.1f} MB  {packed.path}")


@data.command()
def verify(dataset: DataSet, *, data_root: Root, classes: Classes = 7) -> None:
    """Read every file of DATASET, packed or not, and list everything that is wrong."""
    from mdml_tune.cli.data_sets import files_section, progress
    from mdml_tune.data.verify import verify as read_everything
    from mdml_tune.errors import DataError

    config = files_section(dataset, classes)
    with progress() as on_progress:
        findings = read_everything(config, data_root, on_progress)
    for split, count in findings.counts.items():
        shares = ", ".join(
            f"{task} {100 * share:.1f} %" for task, share in findings.labelled[split].items()
        )
        typer.echo(f"{split:6}{count:6} images, labelled pixels: {shares}")
    for path in findings.packed:
        typer.echo(f"{path} matches its checksums")
    for line in findings.warnings:
        typer.echo(f"warning: {line}", err=True)
    if findings.problems:
        listed = "\n".join(f"  {line}" for line in findings.problems)
        raise DataError(f"Problems in {data_root}: {len(findings.problems)}.\n{listed}")
    typer.echo("Nothing is wrong.")


@data.command()
def show(  # noqa: PLR0913 (one parameter per flag)
    dataset: Annotated[str, typer.Argument(help="rooms, nyuv2, cityscapes or folder.")] = "rooms",
    *,
    out: Annotated[Path, typer.Option(help="Picture to write (.png, .pdf, .svg).")] = Path(
        "samples.png"
    ),
    count: Annotated[int, typer.Option(min=1, max=64, help="Images to draw.")] = 6,
    split: Annotated[str, typer.Option(help="train, val or test.")] = "train",
    height: Annotated[int, typer.Option(help="Pixels; rooms only.")] = 96,
    width: Annotated[int, typer.Option(help="Pixels; rooms only.")] = 128,
    seed: Annotated[int, typer.Option(min=0, help="Other scenes, or another val.")] = 0,
    data_root: Annotated[Path | None, typer.Option(help="Folder of the data set.")] = None,
    classes: Classes = 7,
) -> None:
    """Draw samples of DATASET with their labels."""
    import torch

    from mdml_tune.cli.data_sets import progress, section
    from mdml_tune.data.load import check_data, load_split, offered_tasks
    from mdml_tune.data.show import draw_samples
    from mdml_tune.data.split import SplitName
    from mdml_tune.errors import ConfigError

    if out.suffix not in PICTURES:
        raise ConfigError(f"--out {out}: give a name that ends in {', '.join(PICTURES)}.")
    if split not in list(SplitName):
        raise ConfigError(f"--split {split}: allowed are {', '.join(SplitName)}.")
    settings: dict[str, object] = {"dataset": dataset, "seed": seed}
    if dataset == "rooms":
        settings |= {f"{split}_size": count, "image_size": [height, width]}
    if dataset == "cityscapes":
        settings["classes"] = classes
    config = section("data show", settings)
    with progress() as on_progress:
        config = offered_tasks(config, data_root, on_progress)
        check_data(config, data_root, on_progress)
    samples = load_split(config, SplitName(split), data_root)
    samples = samples.batch(torch.arange(min(count, len(samples))))
    figure = draw_samples(samples, config.tasks, count)
    figure.savefig(out, dpi=110)
    typer.echo(f"{out}")
