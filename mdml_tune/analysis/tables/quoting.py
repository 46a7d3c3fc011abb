"""Rows of the literature, as text: as printed, marked as quoted, with their source."""

from collections.abc import Sequence

from mdml_tune.analysis.numbers import HEADINGS, NOTHING, signed
from mdml_tune.analysis.published.library import PublishedRow, PublishedTable
from mdml_tune.analysis.tables.text_table import Cell, Section, cells
from mdml_tune.delta_m import Convention
from mdml_tune.tasks import Metric

RECOMPUTED, DISAGREES = "†", "‡"


def quoted_section(
    table: PublishedTable, metrics: Sequence[Metric], conventions: Sequence[Convention]
) -> Section:
    """The rows of a published table under the columns of ours; none of them is marked as best."""
    rows = (table.single, *table.rows)
    return Section(
        title=f"Quoted: {table.source}; {table.recipe}",
        rows=tuple(_cells(table, row, metrics, conventions) for row in rows),
    )


def quoted_sentences(table: PublishedTable, conventions: Sequence[Convention]) -> list[str]:
    """What a reader of the quoted rows must know."""
    return [
        f"Quoted from {table.source} ({table.recipe}), with the digits printed there: Δm is against "
        f"the single-task row quoted with them, not against ours.",
        *_recomputed(table, conventions),
        *_disagreeing(table, conventions),
        *table.remarks,
    ]


def _cells(
    table: PublishedTable,
    row: PublishedRow,
    metrics: Sequence[Metric],
    conventions: Sequence[Convention],
) -> tuple[Cell, ...]:
    deltas: list[str] = []
    for convention in conventions:
        deltas.append(_delta_m(table, row, convention))
        if convention is Convention.GAIN:
            deltas.append(NOTHING)  # no interval is printed
    seeds = NOTHING if table.seeds is None else str(table.seeds)
    return cells(row.method, *(row.text[metric.path] for metric in metrics), *deltas, seeds)


def _delta_m(table: PublishedTable, row: PublishedRow, convention: Convention) -> str:
    value = signed(row.delta_m(convention))
    if row is table.single:  # 0 by definition
        return value
    if row.disagrees(convention):
        return value + DISAGREES
    return value if convention in row.printed else value + RECOMPUTED


def _recomputed(table: PublishedTable, conventions: Sequence[Convention]) -> list[str]:
    if all(convention in row.printed for row in table.rows for convention in conventions):
        return []
    return [f"{RECOMPUTED} Recomputed from the printed scores."]


def _disagreeing(table: PublishedTable, conventions: Sequence[Convention]) -> list[str]:
    found = [
        f"{HEADINGS[convention]}: "
        + ", ".join(f"{row.method} {signed(row.recomputed[convention])}" for row in rows)
        for convention in conventions
        if (rows := [row for row in table.rows if row.disagrees(convention)])
    ]
    return [f"{DISAGREES} As printed; the printed scores give {'; '.join(found)}."] if found else []
