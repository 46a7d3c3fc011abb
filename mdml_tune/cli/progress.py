"""What a running study shows: a live view in a terminal, one plain line per event elsewhere."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import assert_never

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from mdml_tune.records import EpochReport, Phase, Status, TrialRecord
from mdml_tune.tuning.events import (
    EpochEnded,
    Event,
    Notice,
    Observer,
    PhaseStarted,
    TrialEnded,
    TrialStarted,
)

ROWS = 12
"""Running trials that the live view lists; the others are counted."""


@dataclass(slots=True)
class _Running:
    record: TrialRecord
    epochs: int
    report: EpochReport | None = None

    @property
    def epoch(self) -> int:
        return 0 if self.report is None else self.report.epoch


@dataclass(slots=True)
class State:
    """The study as the events tell it."""

    objective: str
    """Metric that the leaderboard is by: ``val/delta_m``."""
    phase: Phase | None = None
    total: int = 0
    ended: int = 0
    ended_before: int = 0
    started: float = field(default_factory=time.monotonic)
    running: dict[str, _Running] = field(default_factory=dict[str, _Running])
    best: tuple[float, TrialRecord] | None = None

    def take(self, event: Event) -> None:
        match event:
            case PhaseStarted(phase, total, ended):
                self.phase, self.total, self.ended, self.ended_before = phase, total, ended, ended
                self.started = time.monotonic()
                self.running.clear()
            case TrialStarted(record, epochs):
                self.running[record.trial_key] = _Running(record, epochs)
            case EpochEnded(record, report):
                if record.trial_key in self.running:
                    self.running[record.trial_key].report = report
            case TrialEnded(record):
                self.running.pop(record.trial_key, None)
                self.ended += 1
                self._rank(record)
            case Notice():
                pass
            case _:
                assert_never(event)

    @property
    def seconds_left(self) -> float | None:
        """From the pace of this phase so far; none before its first trial has ended."""
        done = self.ended - self.ended_before
        if not done:
            return None
        pace = (time.monotonic() - self.started) / (
            done + sum(running.epoch / running.epochs for running in self.running.values())
        )
        return max(0.0, pace * (self.total - self.ended))

    def _rank(self, record: TrialRecord) -> None:
        if self.phase is not Phase.SEARCH or record.status is not Status.COMPLETED:
            return
        value = record.last.metrics.get(self.objective) if record.last else None
        if value is not None and (self.best is None or value > self.best[0]):
            self.best = (value, record)


@contextmanager
def watched(console: Console, objective: str) -> Generator[Observer]:
    """An observer that shows what it is told: live in a terminal, else line by line."""
    state = State(objective)
    if not console.is_terminal:

        def tell(event: Event) -> None:
            best = state.best
            state.take(event)
            line = _line(event, state)
            if line is not None:
                console.print(line, highlight=False, soft_wrap=True, markup=False)
            if state.best is not None and state.best is not best:
                console.print(f"new best  {_best(state)}", highlight=False, markup=False)

        yield tell
        return
    with Live(console=console, get_renderable=lambda: _view(state), refresh_per_second=4) as live:

        def show(event: Event) -> None:
            state.take(event)
            if isinstance(event, Notice):
                live.console.print(event.text, markup=False)
            failure = event.record.failure if isinstance(event, TrialEnded) else None
            if isinstance(event, TrialEnded) and failure:
                live.console.print(f"{_name(event.record)} failed: {_first(failure)}", markup=False)

        yield show


def _line(event: Event, state: State) -> str | None:
    match event:
        case PhaseStarted(phase, total, ended):
            before = f", {ended} done before" if ended else ""
            return f"{phase}: {total} trials{before}"
        case TrialStarted(record, epochs):
            return f"started  {_name(record)}, {epochs} epochs"
        case TrialEnded(record):
            score = "" if record.last is None else _score(record.last, state.objective)
            why = f": {_first(record.failure)}" if record.failure else ""
            return (
                f"ended    {_name(record)}, {record.status} after {len(record.history)} epochs"
                f"{score}{why} ({state.ended}/{state.total}{_left(state)})"
            )
        case Notice(text):
            return text
        case EpochEnded():
            return None


def _view(state: State) -> Group:
    head = Text(
        "starting ..."
        if state.phase is None
        else f"{state.phase}  {state.ended}/{state.total} trials{_left(state)}",
        style="bold",
    )
    table = Table(box=None, pad_edge=False, show_header=False)
    for running in list(state.running.values())[:ROWS]:
        table.add_row(
            _name(running.record),
            f"epoch {running.epoch}/{running.epochs}",
            "" if running.report is None else _score(running.report, state.objective).strip(", "),
        )
    more = len(state.running) - ROWS
    lines = [head, table]
    if more > 0:
        lines.append(Text(f"... and {more} more"))
    if state.best is not None:
        lines.append(Text(f"best so far  {_best(state)}", style="green"))
    return Group(*lines)


def _name(record: TrialRecord) -> str:
    match record.phase:
        case Phase.BASELINE:
            return f"baseline {record.method} seed {record.seed}"
        case Phase.SEARCH:
            return f"trial {record.number} {record.method or record.config_id}"
        case Phase.CONFIRM:
            return f"confirm {record.method or record.config_id} seed {record.seed}"


def _score(report: EpochReport, objective: str) -> str:
    value = report.metrics.get(objective)
    return "" if value is None else f", {objective} {value:+.2f} %"


def _best(state: State) -> str:
    if state.best is None:
        return ""
    value, record = state.best
    return f"{_name(record)}, {state.objective} {value:+.2f} %"


def _left(state: State) -> str:
    seconds = state.seconds_left
    return (
        ""
        if seconds is None or state.ended >= state.total
        else f", about {_duration(seconds)} left"
    )


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return (
        f"{hours} h {minutes} min"
        if hours
        else f"{minutes} min {rest} s"
        if minutes
        else f"{rest} s"
    )


def _first(text: str) -> str:
    return text.splitlines()[0]
