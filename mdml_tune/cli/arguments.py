"""Arguments that several commands share. Nothing heavy is imported here: `--help` is instant."""

import re
from pathlib import Path
from typing import Annotated

import typer

from mdml_tune.errors import ConfigError

DEFAULT_SPACE = "rooms_mdml"
DEFAULT_STORAGE = "./mdml_runs"
DEFAULT_TRACKING = "sqlite:///mlflow.db"

Space = Annotated[
    str, typer.Argument(help="Study file: a path, or the name of a shipped one.", metavar="[SPACE]")
]
StudyName = Annotated[str, typer.Argument(help="Name of a study in the storage.", metavar="STUDY")]
Name = Annotated[str | None, typer.Option(help="Run under this name, not the file's own.")]
Storage = Annotated[
    str,
    typer.Option(
        envvar="MDML_STORAGE", help="Folder of studies and baselines; shared by all nodes."
    ),
]
TrackingUri = Annotated[
    str, typer.Option(envvar="MLFLOW_TRACKING_URI", help="Where MLflow keeps its runs.")
]
Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        "--ray-address",
        envvar="RAY_ADDRESS",
        help="A Ray cluster: HOST:PORT, 'auto' on one of its hosts; else this machine alone.",
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change a value of the study; repeatable."),
]
DataRoot = Annotated[Path | None, typer.Option(help="Folder of a data set that needs one.")]
Concurrency = Annotated[
    int | None, typer.Option(min=1, help="Most trials at once; else as many as fit.")
]


def absolute(path: Path | None) -> Path | None:
    """Workers on other nodes have another working directory."""
    return None if path is None else path.expanduser().absolute()


def hours(duration: str) -> float:
    """``90m``, ``2h``, ``45s`` or ``1.5`` (hours) as hours.

    Raises:
        ConfigError: It is none of these, or not positive.
    """
    found = re.fullmatch(r"(\d+(?:\.\d*)?)([hms]?)", duration.strip())
    value = float(found[1]) / {"h": 1, "": 1, "m": 60, "s": 3600}[found[2]] if found else 0.0
    if value <= 0:
        raise ConfigError(f"--time-budget {duration}: give a positive time such as 90m, 2h or 45s.")
    return value
