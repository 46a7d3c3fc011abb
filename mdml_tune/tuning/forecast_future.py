"""One future of a study: what its phases take, and where a budget ends it."""

import math
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from mdml_tune.spaces.plan import Budget, Resources
from mdml_tune.tuning.budgets import MOST_RESERVED
from mdml_tune.tuning.forecast_todo import Pace, PhaseName, Todo
from mdml_tune.tuning.spending import Spending

_CALLED: dict[PhaseName, str] = {
    "baselines": "the baselines",
    "search": "the search",
    "more seeds": "the training of more seeds",
    "confirm": "the confirmation",
}


class Which(IntEnum):
    """Which end of each range, in the order of ``Range.ends``."""

    MEAN = 0
    LOW = 1
    HIGH = 2


class Amount(NamedTuple):
    """One phase in one future."""

    phase: PhaseName
    trainings: float
    epochs: float
    work: float
    cpu_hours: float
    gpu_hours: float
    wall_hours: float
    cost: float

    def part(self, share: float) -> "Amount":
        return Amount(self.phase, *(share * value for value in self[1:]))


def amount_of(
    todo: Todo, pace: Pace, which: Which, resources: Resources, concurrency: int, price: float
) -> Amount:
    epochs, per_epoch = todo.epochs.ends[which], pace.wall.ends[which]
    work = epochs * per_epoch / 3600
    gpu_hours = work * resources.gpus
    return Amount(
        phase=todo.phase,
        trainings=todo.trainings,
        epochs=epochs,
        work=work,
        cpu_hours=epochs * pace.process / 3600,
        gpu_hours=gpu_hours,
        wall_hours=_clock(todo, pace, which, concurrency) / 3600,
        cost=gpu_hours * price,
    )


def _clock(todo: Todo, pace: Pace, which: Which, concurrency: int) -> float:
    """Seconds from the first start to the last end.

    Unequal trainings that are handed out as workers become free take at least their sum over the
    workers, and at most the longest of them more (Graham 1966, theorem 1); half of that is expected.
    """
    if not todo.trainings:
        return 0.0
    per_epoch = pace.wall.ends[which]
    work = todo.epochs.ends[which] * per_epoch + pace.setup * todo.trainings
    if todo.even:
        return work / todo.trainings * math.ceil(todo.trainings / concurrency)
    longest = min(work, todo.longest * per_epoch + pace.setup)
    tail = (1 - 1 / concurrency) * longest
    share = {Which.MEAN: 0.5, Which.LOW: 0.0, Which.HIGH: 1.0}[which]
    return max(work / concurrency + share * tail, longest)


class Limit(NamedTuple):
    field: str
    """Of ``Amount``."""
    most: float
    used: float
    name: str


def limits_of(budget: Budget, spending: Spending | None) -> list[Limit]:
    """What the budget sets, and how much of it is used already."""
    none = Spending(epochs=0, gpu_hours=0.0, cpu_hours=0.0, cost=0.0, wall_hours=0.0)
    used = spending or none
    limits = [
        ("gpu_hours", budget.gpu_hours, used.gpu_hours, "GPU-hours"),
        ("wall_hours", budget.wall_clock, used.wall_hours or 0.0, "time"),
        ("cost", budget.cost, used.cost, "cost"),
    ]
    return [
        Limit(field, most, past, name) for field, most, past, name in limits if most is not None
    ]


def cut(amounts: Sequence[Amount], limits: Sequence[Limit]) -> tuple[list[Amount], str | None]:
    """What the limits leave of ``amounts``, and the first thing that one of them ends."""
    confirm = next((amount for amount in amounts if amount.phase == "confirm"), None)
    done: list[Amount] = []
    end: str | None = None
    for amount in amounts:
        kept_back = confirm if amount.phase in ("search", "more seeds") else None
        shares = [(_share(limit, amount, done, kept_back), limit.name) for limit in limits]
        share, name = min(shares, default=(1.0, ""))
        if share < 1 and end is None:
            end = (
                f"the {name} budget ends {_CALLED[amount.phase]} after about "
                f"{share * amount.trainings:.0f} of {amount.trainings:.0f} trainings"
            )
        done.append(amount.part(share))
    return done, end


def _share(
    limit: Limit, amount: Amount, before: Sequence[Amount], kept_back: Amount | None
) -> float:
    """The share of ``amount`` that the limit leaves room for.

    The search leaves what the confirmations will take, but has half of the budget at least.
    """
    asked = _of(amount, limit)
    reserve = 0.0 if kept_back is None else min(_of(kept_back, limit), MOST_RESERVED * limit.most)
    left = limit.most - reserve - limit.used - sum(_of(one, limit) for one in before)
    return 1.0 if asked <= left else max(0.0, left) / asked


def _of(amount: Amount, limit: Limit) -> float:
    value: float = getattr(amount, limit.field)
    return value
