"""A bar that fills with the epochs of one training."""

from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from mdml_tune.records import EpochReport
from mdml_tune.trial import OnEpoch


@contextmanager
def epochs_shown(total: int, what: str = "training") -> Generator[OnEpoch]:
    """Tell what is yielded of each epoch: a bar in a terminal, a line per epoch elsewhere."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    console = Console()
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        bar = bars.add_task(what, total=total)

        def show(report: EpochReport) -> None:
            gain = report.metrics.get("val/delta_m")
            said = f"epoch {report.epoch}/{total}, loss {report.metrics['train/loss']:.3f}"
            said += "" if gain is None else f", val/delta_m {gain:+.2f} %"
            bars.update(bar, completed=report.epoch, description=said)
            if not console.is_terminal:
                console.print(said, markup=False, highlight=False)

        yield show
