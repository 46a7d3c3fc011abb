"""What the commands on data sets share: their section of a configuration, and a progress bar."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import cast

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from mdml_tune.config.data import DataConfig
from mdml_tune.config.schema import Problem, refuse, validate
from mdml_tune.data.find import FileData
from mdml_tune.data.load import OFFERED
from mdml_tune.data.pack import Progress as OnProgress
from mdml_tune.errors import ConfigError
from mdml_tune.tasks import Task

_ON_DISK = tuple(name for name in OFFERED if name != "rooms")


def section(what: str, settings: dict[str, object]) -> DataConfig:
    """The configuration of a data set, with all the tasks that it can offer.

    Raises:
        ConfigError: Some of ``settings`` cannot be used; the message begins with ``what``.
    """
    tasks = OFFERED.get(str(settings["dataset"]), tuple(Task))
    config = cast(
        "DataConfig | list[Problem]", validate(DataConfig, {**settings, "tasks": list(tasks)})
    )
    if isinstance(config, list):
        raise refuse(what, config)
    return config


def files_section(dataset: str, classes: int) -> FileData:
    """The configuration of a data set that lies on a disk.

    Raises:
        ConfigError: There is no such data set, or none with so many classes.
    """
    if dataset not in _ON_DISK:
        raise ConfigError(f"DATASET {dataset}: allowed are {', '.join(_ON_DISK)}.")
    settings: dict[str, object] = {"dataset": dataset}
    if dataset == "cityscapes":
        settings["classes"] = classes
    return cast("FileData", section(f"data {dataset}", settings))


@contextmanager
def progress() -> Generator[OnProgress]:
    """A bar on the terminal for whatever is packed, read or checked; afterwards it is gone."""
    columns = TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()
    console = Console(stderr=True)
    silent = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=silent) as bars:
        started: dict[str, TaskID] = {}

        def on_progress(what: str, done: int, of: int) -> None:
            if what not in started:
                started[what] = bars.add_task(what, total=of)
            bars.update(started[what], completed=done)

        yield on_progress
