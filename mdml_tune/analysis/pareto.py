"""Where tasks compete: the configurations that no other one beats in every task."""

from collections.abc import Sequence
from dataclasses import dataclass

from mdml_tune.analysis.ranking import Group, RankedRow, rank
from mdml_tune.pareto import front, hypervolume
from mdml_tune.records import Phase, StudyRecord
from mdml_tune.tasks import Task


@dataclass(frozen=True, slots=True)
class ParetoFront:
    tasks: tuple[Task, ...]
    split: str
    """``val`` for searched configurations, ``test`` for confirmed ones."""
    rows: tuple[RankedRow, ...]
    """On the front: none is at least as good in every task and better in one. Best Δm first."""
    beaten: tuple[RankedRow, ...]
    """The others of full length."""
    hypervolume: float
    """What the front gains over single-task networks, in percent to the power of the number of
    tasks: the volume between its points and 0 in every task. Configurations that lose in a task
    add nothing."""


def pareto_front(study: StudyRecord, phase: Phase = Phase.SEARCH) -> ParetoFront:
    """The front of ``delta_m/<task>`` among the configurations of one phase.

    Early-stopped and failed ones do not take part: their scores are of another length, or none.

    Raises:
        ReportError: A baseline to judge scores by is missing.
    """
    whole = Group.CONFIRMED if phase is Phase.CONFIRM else Group.COMPLETED
    rows = [row for row in rank(study, phase) if row.group is whole]
    points = [_point(row, study.tasks) for row in rows]
    on_front = set(front(points))
    return ParetoFront(
        tasks=study.tasks,
        split="test" if phase is Phase.CONFIRM else "val",
        rows=tuple(row for index, row in enumerate(rows) if index in on_front),
        beaten=tuple(row for index, row in enumerate(rows) if index not in on_front),
        hypervolume=hypervolume(points, [0.0] * len(study.tasks)),
    )


def _point(row: RankedRow, tasks: Sequence[Task]) -> list[float]:
    return [row.gains[task] for task in tasks]
