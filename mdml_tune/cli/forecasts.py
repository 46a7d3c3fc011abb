"""A forecast on the terminal: one row per phase, each value above the interval it lies in."""

from collections.abc import Sequence

from mdml_tune.analysis.tables.text_table import Cell, TextTable
from mdml_tune.spaces.plan import Budget, Resources
from mdml_tune.tuning.forecast import Estimate, Forecast
from mdml_tune.tuning.forecast_range import Range
from mdml_tune.tuning.spending import Spending

UNITS = (("s", 3600.0, 2 / 60), ("min", 60.0, 2.0), ("h", 1.0, 72.0), ("d", 1 / 24, float("inf")))
"""Name, how many make an hour, and the hours from which on the next unit is used."""


def forecast_text(forecast: Forecast, resources: Resources, budget: Budget) -> TextTable:
    """GPU-hours and cost have columns only where they are counted."""
    counts_gpus, counts_cost = resources.gpus > 0, budget.cost_per_gpu_hour is not None
    rows: Sequence[Estimate] = forecast.phases
    if len(rows) > 1:
        rows = [*rows, forecast.total]
    header = ["", "trainings", "epochs", "work", "wall clock"]
    header += ["GPU-hours"] * counts_gpus + ["cost"] * counts_cost
    return TextTable(
        caption="Expected, and from few and fast epochs to many and slow ones. Work is the time of "
        "all trainings one after the other.",
        groups=(),
        header=tuple(header),
        rows=tuple(
            tuple(Cell(text) for text in _row(row, gpus=counts_gpus, cost=counts_cost))
            for row in rows
        ),
    )


def budget_lines(budget: Budget, spending: Spending) -> list[str]:
    """What is left of each budget; nothing where there is none."""
    lines: list[str] = []
    if budget.gpu_hours is not None:
        lines.append(_left("GPU-hours", spending.gpu_hours, budget.gpu_hours))
    if budget.cost is not None:
        lines.append(_left("cost", spending.cost, budget.cost))
    if budget.wall_clock is not None and spending.wall_hours is not None:
        lines.append(_left("hours since this start", spending.wall_hours, budget.wall_clock))
    elif budget.wall_clock is not None:
        lines.append(f"{budget.wall_clock:g} hours from the next start on")
    return lines


def duration(hours: float) -> str:
    """``45 s``, ``12 min``, ``3.4 h`` or ``5.1 d``."""
    name, per_hour = _unit(hours)
    return f"{_number(hours * per_hour)} {name}"


def _row(estimate: Estimate, *, gpus: bool, cost: bool) -> list[str]:
    cells = [
        estimate.phase,
        f"{estimate.trainings.mean:.0f}",
        _count(estimate.epochs),
        _durations(estimate.work),
        _durations(estimate.wall_hours),
    ]
    cells += [_numbers(estimate.gpu_hours)] * gpus
    return cells + [_numbers(estimate.cost)] * cost


def _count(value: Range) -> str:
    low, high = f"{value.low:.0f}", f"{value.high:.0f}"
    return low if low == high else f"{value.mean:.0f}\n{low} to {high}"


def _numbers(value: Range) -> str:
    low, high = _number(value.low), _number(value.high)
    return low if low == high else f"{_number(value.mean)}\n{low} to {high}"


def _durations(value: Range) -> str:
    """Both ends in the unit of the mean."""
    name, per_hour = _unit(value.mean)
    low, high = _number(value.low * per_hour), _number(value.high * per_hour)
    mean = f"{_number(value.mean * per_hour)} {name}"
    return mean if low == high else f"{mean}\n{low} to {high}"


def _unit(hours: float) -> tuple[str, float]:
    return next((name, per_hour) for name, per_hour, until in UNITS if hours < until)


def _number(value: float) -> str:
    """Two digits where there are no more before the point."""
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"  # noqa: PLR2004 (two digits)


def _left(what: str, used: float, whole: float) -> str:
    left = max(0.0, whole - used)
    return f"{what}: {round(used, 2):g} of {whole:g} used, {round(left, 2):g} left"
