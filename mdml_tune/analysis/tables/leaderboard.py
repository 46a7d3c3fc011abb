"""The ranking, as text."""

from collections.abc import Collection, Sequence

from mdml_tune.analysis.numbers import DROP, GAIN, NOTHING, chance, interval, signed
from mdml_tune.analysis.pareto import ParetoFront
from mdml_tune.analysis.ranking import RankedRow
from mdml_tune.analysis.tables.text_table import Cell, TextTable, cells

ON_FRONT = "◆"


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


def _ranked_cells(row: RankedRow, marked: Collection[str]) -> tuple[Cell, ...]:
    return cells(
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
