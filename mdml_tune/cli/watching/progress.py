"""What a running study shows: a live view in a terminal, one plain line per event elsewhere."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live

from mdml_tune.cli.watching.live_view import live_view, summary
from mdml_tune.cli.watching.standing import Leaders, Standing
from mdml_tune.cli.watching.wording import duration, first_line, name_of, score_of
from mdml_tune.records import TrialRecord
from mdml_tune.tuning.events import (
    EpochEnded,
    Event,
    Notice,
    Observer,
    PhaseStarted,
    TrialEnded,
    TrialStarted,
)


@contextmanager
def watched(
    console: Console, objective: str, *, study: str = "", before: Sequence[TrialRecord] = ()
) -> Generator[Observer]:
    """An observer that shows what it is told: live in a terminal, else line by line.

    Args:
        console: Where.
        objective: Metric that the study is ranked by: ``val/delta_m``.
        study: Its name.
        before: What an earlier start has left; its best trial is the one to beat.
    """
    standing = Standing(Leaders(objective), study)
    standing.remember(before)
    if console.is_terminal:
        yield from _live(console, standing)
    else:
        yield from _line_by_line(console, standing)


def _live(console: Console, standing: Standing) -> Generator[Observer]:
    noticed: list[str] = []

    def show(event: Event) -> None:
        standing.take(event)
        if isinstance(event, Notice):
            noticed.append(event.text)
        elif isinstance(event, TrialEnded) and event.record.failure:
            failure = first_line(event.record.failure)
            standing.notices.append(f"{name_of(event.record)} failed: {failure}")

    def view() -> Group:
        return Group(*live_view(standing, console.width, console.height))

    try:
        with Live(console=console, get_renderable=view, refresh_per_second=4, transient=True):
            yield show
    finally:
        # The view is gone: what may have left it too fast to be read stays, in full.
        for line in [*summary(standing, console.width), *noticed]:
            console.print(line, highlight=False, soft_wrap=True, markup=False)


def _line_by_line(console: Console, standing: Standing) -> Generator[Observer]:
    def tell(event: Event) -> None:
        another = standing.take(event)
        line = _line(event, standing)
        if line is not None:
            console.print(line, highlight=False, soft_wrap=True, markup=False)
        if another and standing.leaders.best is not None:
            value, record = standing.leaders.best
            line = f"new best  {name_of(record)}, {standing.leaders.objective} {value:+.2f} %"
            console.print(line, highlight=False, soft_wrap=True, markup=False)

    yield tell


def _line(event: Event, standing: Standing) -> str | None:
    match event:
        case PhaseStarted(phase, total, ended):
            before = f", {ended} done before" if ended else ""
            return f"{phase}: {total} trials{before}"
        case TrialStarted(record, epochs):
            return f"started  {name_of(record)}, {epochs} epochs"
        case TrialEnded(record):
            return _end_line(record, standing)
        case Notice(text):
            return text
        case EpochEnded():
            return None


def _end_line(record: TrialRecord, standing: Standing) -> str:
    objective, left = standing.leaders.objective, standing.seconds_left
    score = score_of(record.last, objective)
    said = f", {objective} {score}" if score else ""
    why = f": {first_line(record.failure)}" if record.failure else ""
    about = "" if left is None else f", about {duration(left)} left"
    return (
        f"ended    {name_of(record)}, {record.status} after {len(record.history)} epochs"
        f"{said}{why} ({standing.ended}/{standing.total}{about})"
    )
