"""What a running study tells whoever watches it."""

from collections.abc import Callable
from dataclasses import dataclass

from mdml_tune.records import EpochReport, Phase, TrialRecord


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    phase: Phase
    total: int
    """Trials of the phase."""
    ended: int
    """How many of them had ended before."""


@dataclass(frozen=True, slots=True)
class TrialStarted:
    record: TrialRecord
    epochs: int
    """Epochs of its whole length."""


@dataclass(frozen=True, slots=True)
class EpochEnded:
    record: TrialRecord
    report: EpochReport


@dataclass(frozen=True, slots=True)
class TrialEnded:
    record: TrialRecord


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a user should know that belongs to no trial."""

    text: str


Event = PhaseStarted | TrialStarted | EpochEnded | TrialEnded | Notice
Observer = Callable[[Event], None]
