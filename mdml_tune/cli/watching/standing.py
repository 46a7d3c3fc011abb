"""How a running study stands, as its events tell it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import assert_never

from mdml_tune.records import EpochReport, Phase, Status, TrialRecord
from mdml_tune.tuning.events import (
    EpochEnded,
    Event,
    Notice,
    PhaseStarted,
    TrialEnded,
    TrialStarted,
)


@dataclass(slots=True)
class Running:
    record: TrialRecord
    epochs: int
    """Of its whole length."""
    report: EpochReport | None = None

    @property
    def epoch(self) -> int:
        return 0 if self.report is None else self.report.epoch


@dataclass(slots=True)
class Leaders:
    """Which searched configuration is best, by the mean over its seeds so far."""

    objective: str
    """Metric that the study is ranked by: ``val/delta_m``."""
    best: tuple[float, TrialRecord] | None = None
    _records: dict[str, dict[int, TrialRecord]] = field(
        default_factory=dict[str, dict[int, TrialRecord]]
    )
    """Name of a configuration -> seed -> its completed trial."""

    def take(self, record: TrialRecord) -> bool:
        """Whether another configuration leads now that ``record`` has ended."""
        if record.phase is not Phase.SEARCH or record.status is not Status.COMPLETED:
            return False
        if record.last is None or self.objective not in record.last.metrics:
            return False
        self._records.setdefault(record.config_id, {})[record.seed] = record
        before = self.best
        # A leader that is trained with one more seed may fall behind.
        self.best = max(map(self._mean, self._records.values()), key=lambda one: one[0])
        return before is None or before[1].config_id != self.best[1].config_id

    def _mean(self, of_seeds: dict[int, TrialRecord]) -> tuple[float, TrialRecord]:
        values = [r.last.metrics[self.objective] for r in of_seeds.values() if r.last is not None]
        return fmean(values), of_seeds[min(of_seeds)]


@dataclass(slots=True)
class Standing:
    leaders: Leaders
    study: str = ""
    phase: Phase | None = None
    total: int = 0
    """Of the phase; in the search, configurations."""
    ended: int = 0
    ended_before: int = 0
    more_seeds: int = 0
    """Ended trials of the search beyond the first of their configuration."""
    started: float = field(default_factory=time.monotonic)
    """When the phase began; as ``time.monotonic`` counts."""
    running: dict[str, Running] = field(default_factory=dict[str, Running])
    """By trial key."""
    notices: list[str] = field(default_factory=list[str])
    _outcomes: dict[str, tuple[Phase, Status]] = field(
        default_factory=dict[str, tuple[Phase, Status]]
    )
    """By trial key: one that failed and is tried again counts by its last end."""

    def remember(self, before: Sequence[TrialRecord]) -> None:
        """What had ended before this start."""
        for record in before:
            if record.status.is_final:
                self._outcomes[record.trial_key] = record.phase, record.status
                self.leaders.take(record)

    def take(self, event: Event) -> bool:
        """Whether the event has brought another leader."""
        match event:
            case PhaseStarted(phase, total, ended):
                self.phase, self.total, self.ended, self.ended_before = phase, total, ended, ended
                self.more_seeds = 0
                self.started = time.monotonic()
                self.running.clear()
            case TrialStarted(record, epochs):
                self.running[record.trial_key] = Running(record, epochs)
                self._outcomes.pop(record.trial_key, None)
            case EpochEnded(record, report):
                if record.trial_key in self.running:
                    self.running[record.trial_key].report = report
            case TrialEnded(record):
                return self._end(record)
            case Notice(text):
                self.notices.append(text)
            case _:
                assert_never(event)
        return False

    def count(self, status: Status) -> int:
        """Trials of this phase that ended so."""
        return list(self._outcomes.values()).count((self.phase or Phase.SEARCH, status))

    @property
    def seconds(self) -> float:
        """Since the phase began, or this start."""
        return time.monotonic() - self.started

    @property
    def seconds_left(self) -> float | None:
        """From the pace of this phase so far; none before its first trial has ended."""
        done = self.ended - self.ended_before
        if not done or self.ended >= self.total:
            return None
        under_way = sum(
            one.epoch / one.epochs for one in list(self.running.values()) if not is_more(one.record)
        )
        missing = max(0.0, self.total - self.ended - under_way)
        return self.seconds / (done + under_way) * missing

    def _end(self, record: TrialRecord) -> bool:
        self.running.pop(record.trial_key, None)
        self._outcomes[record.trial_key] = record.phase, record.status
        if is_more(record):
            self.more_seeds += 1
        else:
            self.ended += 1
        return self.leaders.take(record)


def is_more(record: TrialRecord) -> bool:
    """Whether it is a further seed of a searched configuration, which does not count as a trial."""
    return record.phase is Phase.SEARCH and record.seed > 0
