"""Numbers in, text out. Numbers are rounded here and nowhere else."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType

from mdml_tune.analysis.comparisons import DELTA_M, ENSEMBLE, GAP, ComparisonRow
from mdml_tune.analysis.delta_table import DeltaRow, DeltaTable
from mdml_tune.analysis.intervals import Interval
from mdml_tune.analysis.pareto import ParetoFront
from mdml_tune.analysis.ranking import RankedRow
from mdml_tune.tasks import Metric

NOTHING = "–"
ON_FRONT = "◆"

DECIMALS: Mapping[str, int] = MappingProxyType(
    {"fraction": 4, "data unit": 4, "degrees": 2, "dB": 2}
)
"""Digits behind the point by unit: as many as published tables give."""

GAIN = "Δm gain ↑ [%]"
DROP = "Δm drop ↓ [%]"
CONVENTIONS = (
    "Δm gain: mean relative gain over single-task networks, over the metrics of a task first, then "
    "over tasks (LibMTL); positive is better. Δm drop: mean relative loss over all metrics at once "
    "(CAGrad, Nash-MTL, FAMO); negative is better."
)

_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "miou": "mIoU", "pix_acc": "pixel acc.", "abs_err": "abs. err.", "rel_err": "rel. err.",
        "mean_angle": "mean", "median_angle": "median", "within_11.25": "<11.25°",
        "within_22.5": "<22.5°", "within_30": "<30°", "f1": "F1", "average_precision": "AP",
        "mae": "MAE", "psnr": "PSNR",
    }
)  # fmt: skip
_UNITS: Mapping[str, str] = MappingProxyType({"degrees": " [°]", "dB": " [dB]"})
_MEASURES: Mapping[str, str] = MappingProxyType(
    {
        DELTA_M: "Δm gain, test ↑",
        ENSEMBLE: "Δm gain of the ensembles, test ↑",
        GAP: "generalisation gap, train − val ↓",
    }
)


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    best: bool = False


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table ready to be set in any notation; the first column names the rows."""

    caption: str
    groups: tuple[tuple[str, int], ...]
    """Headings above the header and how many columns each spans; empty text for none."""
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    words: int = 1
    """How many columns, from the left, hold words rather than numbers."""


def delta_m_text(table: DeltaTable) -> TextTable:
    """The paper's table: mean ± standard deviation over seeds, the best of each column marked."""
    where = "test split" if table.split == "test" else "val split: nothing is confirmed on test yet"
    tasks = [(str(task), len(list(of))) for task, of in groupby(table.metrics, lambda m: m.task)]
    return TextTable(
        caption=f"{table.study}, {where}. Mean ± standard deviation over seeds. {CONVENTIONS}",
        groups=(("", 1), *tasks, ("", 4)),
        header=("", *map(metric_name, table.metrics), GAIN, "95 % CI", DROP, "seeds"),
        rows=tuple(_delta_cells(table, row) for row in table.rows),
    )


def comparison_text(rows: Sequence[ComparisonRow]) -> TextTable:
    """Differences in percentage points, with 95 % interval and uncorrected p."""
    return TextTable(
        words=3,
        caption="Method minus reference, paired by seed, in percentage points; p of a two-sided "
        "paired t test, not corrected for the number of comparisons.",
        groups=(),
        header=("measure", "method", "against", "difference", "95 % CI", "p", "seeds"),
        rows=tuple(
            _cells(
                _MEASURES[row.measure],
                row.method,
                row.reference,
                signed(row.difference.mean),
                interval(row.difference.interval),
                probability(row.difference.p),
                str(row.difference.seeds),
            )
            for row in rows
        ),
    )


def leaderboard(
    rows: Sequence[RankedRow], top: int = 20, front: ParetoFront | None = None
) -> TextTable:
    """The first ``top`` rows of a ranking; those on the front of several objectives are marked."""
    marked = frozenset[str]() if front is None else {row.config_id for row in front.rows}
    note = f" {ON_FRONT}: {front_text(front)}" if marked and front is not None else ""
    return TextTable(
        caption=f"The first {min(top, len(rows))} of {len(rows)} configurations.{note}",
        groups=(),
        words=7,
        header=(
            *("rank", "tier", "configuration", "method", "phase", "split", "status", "seeds"),
            *("epochs", GAIN, "95 % CI", "p(best)", DROP),
        ),
        rows=tuple(_ranked_cells(row, marked) for row in rows[:top]),
    )


def front_text(front: ParetoFront) -> str:
    """Who is on the front of several objectives, and what that gains."""
    names = ", ".join(row.config_id for row in front.rows)
    return (
        f"Pareto front of {', '.join(front.objectives)} on {front.split}: {names}; hypervolume above "
        f"single-task networks {front.hypervolume:.4g}."
    )


def metric_name(metric: Metric) -> str:
    """``mIoU ↑``: name, direction, and the unit where it is not a fraction."""
    arrow = "↑" if metric.higher_is_better else "↓"
    return f"{_NAMES.get(metric.name, metric.name)} {arrow}{_UNITS.get(metric.unit, '')}"


def signed(value: float | None) -> str:
    return NOTHING if value is None else f"{value:+z.2f}"


def interval(value: Interval | None) -> str:
    return NOTHING if value is None else f"[{signed(value.low)}, {signed(value.high)}]"


def probability(value: float | None) -> str:
    if value is None:
        return NOTHING
    return "<0.001" if value < 0.001 else f"{value:.3f}"  # noqa: PLR2004 (the last digit shown)


def chance(value: float | None) -> str:
    """A simulated probability: two digits are all that the draws support."""
    if value is None:
        return NOTHING
    return f"{value:.2f}" if 0.01 <= value <= 0.99 else "<0.01" if value < 0.5 else ">0.99"  # noqa: PLR2004


def tick(value: float) -> str:
    """An axis label: three digits are enough to read a scale by."""
    return f"{value:.3g}"


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def hours(value: float) -> str:
    return f"{value:.2f} h" if value >= 0.01 else f"{3600 * value:.0f} s"  # noqa: PLR2004


def _ranked_cells(row: RankedRow, marked: Collection[str]) -> tuple[Cell, ...]:
    return _cells(
        str(row.rank),
        NOTHING if row.tier is None else str(row.tier),
        f"{row.config_id} {ON_FRONT}" if row.config_id in marked else row.config_id,
        row.method or NOTHING,
        str(row.phase),
        row.split,
        str(row.status),
        str(row.seeds),
        str(row.epochs),
        signed(row.delta_m),
        interval(row.interval),
        chance(row.p_best),
        signed(row.delta_m_drop),
    )


def _delta_cells(table: DeltaTable, row: DeltaRow) -> tuple[Cell, ...]:
    metrics = [
        _marked(table, row, metric.path, f".{DECIMALS[metric.unit]}f") for metric in table.metrics
    ]
    return (
        Cell(row.label),
        *metrics,
        _marked(table, row, "delta_m", "+z.2f"),
        Cell(interval(row.interval)),
        _marked(table, row, "delta_m_drop", "+z.2f"),
        Cell(str(row.seeds)),
    )


def _marked(table: DeltaTable, row: DeltaRow, column: str, form: str) -> Cell:
    """Best is what looks best: a tie in the digits shown is a tie."""
    mean = format(row.mean[column], form)
    spread = f" ± {row.std[column]:{form.lstrip('+')}}" if column in row.std else ""
    return Cell(mean + spread, best=mean == format(table.best(column), form))


def _cells(*texts: str) -> tuple[Cell, ...]:
    return tuple(Cell(text) for text in texts)
