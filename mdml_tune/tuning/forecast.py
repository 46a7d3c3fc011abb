"""What is still to be spent on a study: epochs, time and money, each with an interval.

Three futures are worked out, of which the budget may end each at another place: what to expect, all
epochs few and fast, and all of them many and slow. Their values are the mean, and the ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mdml_tune.spaces.plan import Budget, Resources
from mdml_tune.tuning.forecast_future import Amount, Which, amount_of, cut, limits_of
from mdml_tune.tuning.forecast_range import Range
from mdml_tune.tuning.forecast_todo import Todo
from mdml_tune.tuning.spending import Spending


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    phase: str
    trainings: Range
    epochs: Range
    work: Range
    """Hours of all trainings, as if one ran after the other."""
    cpu_hours: Range
    gpu_hours: Range
    wall_hours: Range
    cost: Range

    def __add__(self, other: "Estimate") -> "Estimate":
        return Estimate(
            phase=self.phase,
            trainings=self.trainings + other.trainings,
            epochs=self.epochs + other.epochs,
            work=self.work + other.work,
            cpu_hours=self.cpu_hours + other.cpu_hours,
            gpu_hours=self.gpu_hours + other.gpu_hours,
            wall_hours=self.wall_hours + other.wall_hours,
            cost=self.cost + other.cost,
        )


@dataclass(frozen=True, slots=True)
class Forecast:
    phases: tuple[Estimate, ...]
    unknown: tuple[str, ...]
    """Phases of which nothing has been measured yet; they are not in ``phases``."""
    ends: str | None
    """Which budget ends the study early, and where; none where all last."""

    @property
    def total(self) -> Estimate:
        """All phases, one after the other."""
        zero = Range.exact(0.0)
        total = Estimate(
            phase="all",
            trainings=zero,
            epochs=zero,
            work=zero,
            cpu_hours=zero,
            gpu_hours=zero,
            wall_hours=zero,
            cost=zero,
        )
        for phase in self.phases:
            total += phase
        return total


def forecast(
    todos: Sequence[Todo],
    resources: Resources,
    budget: Budget,
    concurrency: int,
    spending: Spending | None = None,
) -> Forecast:
    """What ``todos`` will take.

    Args:
        todos: Phases in their order.
        resources: What each training holds.
        budget: What ends the study; it ends whatever runs then.
        concurrency: Trainings at once.
        spending: What is spent already.
    """
    known = [(todo, todo.pace) for todo in todos if todo.pace is not None]
    limits = limits_of(budget, spending)
    futures: list[list[Amount]] = []
    ends: list[str | None] = []
    for which in Which:
        price = budget.cost_per_gpu_hour or 0.0
        whole = [
            amount_of(todo, pace, which, resources, concurrency, price) for todo, pace in known
        ]
        done, end = cut(whole, limits)
        futures.append(done)
        ends.append(end)
    phases = tuple(
        _estimate(todo.phase, amounts)
        for (todo, _), amounts in zip(known, zip(*futures, strict=True), strict=True)
    )
    unknown = tuple(todo.phase for todo in todos if todo.pace is None and todo.trainings)
    return Forecast(phases, unknown, ends[Which.MEAN])


def _estimate(phase: str, amounts: Sequence[Amount]) -> Estimate:
    def over(field: str) -> Range:
        values: list[float] = [getattr(amount, field) for amount in amounts]
        # A future in which everything is slow may end earlier, and hold less.
        return Range(values[Which.MEAN], min(values), max(values))

    return Estimate(
        phase=phase,
        trainings=over("trainings"),
        epochs=over("epochs"),
        work=over("work"),
        cpu_hours=over("cpu_hours"),
        gpu_hours=over("gpu_hours"),
        wall_hours=over("wall_hours"),
        cost=over("cost"),
    )
