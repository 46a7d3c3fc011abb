"""What a sampler learns from: tried configurations of this study and of earlier ones, in one form.

A configuration that crashed says nothing of itself; one that diverged does, and so does one that
was stopped early. What they say is different for each sampler.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from mdml_tune.records import Status, TrialRecord, Value
from mdml_tune.tuning.tried import Earlier, Tried


class End(StrEnum):
    COMPLETED = "completed"
    STOPPED = "stopped"
    """Early."""
    DIVERGED = "diverged"
    CRASHED = "crashed"
    """Or completed without a value to judge it by."""
    NONE = "none"
    """It runs, or waits to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    assignment: Mapping[str, Value]
    end: End
    values: tuple[float, ...] = ()
    """Of the objectives, all maximised; empty unless it is completed."""
    curve: Mapping[int, float] = field(default_factory=dict[int, float])
    """Epoch -> value; empty where there are several objectives."""
    memory: Mapping[str, object] = field(default_factory=dict[str, object])
    ended_ms: int = 0
    """When its last epoch ended: the order of ends, which no restart changes."""
    earlier: bool = False
    """Whether it belongs to an earlier study."""

    @property
    def judged(self) -> bool:
        """Whether it says how good its configuration is."""
        return self.end in {End.COMPLETED, End.STOPPED, End.DIVERGED}


def outcomes(
    tried: Sequence[Tried], earlier: Sequence[Earlier], objectives: tuple[str, ...]
) -> list[Outcome]:
    """Of earlier studies first, then of this one, each in the given order."""
    return [*_of_earlier(earlier), *(_of_tried(one, objectives) for one in tried)]


def _of_earlier(earlier: Sequence[Earlier]) -> Iterator[Outcome]:
    for one in earlier:
        yield Outcome(
            assignment=one.assignment,
            end=End.STOPPED if one.values is None else End.COMPLETED,
            values=one.values or (),
            curve=one.curve,
            earlier=True,
        )


def _of_tried(tried: Tried, objectives: tuple[str, ...]) -> Outcome:
    end = _end(tried.first)
    values = tried.values(objectives) if end is End.COMPLETED else None
    return Outcome(
        assignment=tried.assignment,
        end=End.CRASHED if end is End.COMPLETED and values is None else end,
        values=values or (),
        curve=tried.curve(objectives[0]) if len(objectives) == 1 else {},
        memory=tried.memory,
        ended_ms=0 if tried.first.last is None else tried.first.last.timestamp_ms,
    )


def _end(record: TrialRecord) -> End:
    match record.status:
        case Status.COMPLETED:
            return End.COMPLETED
        case Status.PRUNED:
            return End.STOPPED
        case Status.FAILED:
            return End.DIVERGED if record.diverged else End.CRASHED
        case Status.RUNNING:
            return End.NONE
