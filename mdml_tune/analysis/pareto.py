"""Where objectives compete: the configurations that no other one beats in all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from mdml_tune.analysis.ranking import Group, RankedRow, rank
from mdml_tune.pareto import front, hypervolume
from mdml_tune.records import Phase, StudyRecord
from mdml_tune.tasks import Task

DELTA_M = "delta_m"


@dataclass(frozen=True, slots=True)
class ParetoFront:
    objectives: tuple[str, ...]
    """``delta_m/<task>`` each, or ``delta_m``."""
    split: str
    """``val`` for searched configurations, ``test`` for confirmed ones."""
    rows: tuple[RankedRow, ...]
    """On the front: none is at least as good in all objectives and better in one. Best Δm first."""
    beaten: tuple[RankedRow, ...]
    """The others of full length."""
    hypervolume: float
    """What the front gains over single-task networks, in percent to the power of the number of
    objectives: the volume between its points and 0 in each. Configurations that lose in one add
    nothing."""


def searched_front(study: StudyRecord) -> ParetoFront | None:
    """The front of what the study searches for; none where that is one objective.

    Raises:
        ReportError: A baseline to judge scores by is missing.
    """
    named = objectives(study)
    return pareto_front(study, among=named) if len(named) > 1 else None


def objectives(study: StudyRecord) -> tuple[str, ...]:
    """What the study searches for: ``delta_m/<task>`` or ``delta_m`` each."""
    search = cast("Mapping[str, object]", study.study.get("search") or {})
    named = search.get("objective")
    return tuple(cast("Sequence[str]", named)) if isinstance(named, list | tuple) else (DELTA_M,)


def pareto_front(
    study: StudyRecord,
    phase: Phase = Phase.SEARCH,
    among: Sequence[str] | None = None,
) -> ParetoFront:
    """The front among the configurations of one phase.

    Early-stopped and failed ones do not take part: their scores are of another length, or none.

    Args:
        study: Its records.
        phase: Search (judged on val) or confirm (on test).
        among: Objectives, ``delta_m/<task>`` or ``delta_m``; without them the gain of every task.

    Raises:
        ReportError: A baseline to judge scores by is missing.
    """
    named = tuple(among or (f"{DELTA_M}/{task}" for task in study.tasks))
    whole = Group.CONFIRMED if phase is Phase.CONFIRM else Group.COMPLETED
    rows = [row for row in rank(study, phase) if row.group is whole]
    points = [[value_of(row, name) for name in named] for row in rows]
    on_front = set(front(points))
    return ParetoFront(
        objectives=named,
        split="test" if phase is Phase.CONFIRM else "val",
        rows=tuple(row for index, row in enumerate(rows) if index in on_front),
        beaten=tuple(row for index, row in enumerate(rows) if index not in on_front),
        # What is not on the front adds no volume, but time.
        hypervolume=hypervolume([points[i] for i in sorted(on_front)], [0.0] * len(named)),
    )


def value_of(row: RankedRow, name: str) -> float:
    if name == DELTA_M:
        return row.delta_m or 0.0
    return row.gains[Task(name.removeprefix(f"{DELTA_M}/"))]
