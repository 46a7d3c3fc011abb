"""The paper's Δm table, as text."""

from collections.abc import Callable, Sequence
from itertools import chain, groupby
from typing import NamedTuple

from mdml_tune.analysis.numbers import (
    HEADINGS,
    MEANINGS,
    interval,
    metric_name,
    points,
    score,
    signed,
)
from mdml_tune.analysis.tables.delta_table import DeltaRow, DeltaTable
from mdml_tune.analysis.tables.marks import marked
from mdml_tune.analysis.tables.quoting import quoted_section, quoted_sentences
from mdml_tune.analysis.tables.text_table import SPREAD, Cell, TextTable
from mdml_tune.delta_m import Convention
from mdml_tune.tasks import Metric

SHOWN = (Convention.GAIN, Convention.DROP)
"""The conventions of Δm that a table gives unless it is asked for others."""


class _Column(NamedTuple):
    heading: str
    cells: Sequence[Cell]
    """One per row of the table."""


def delta_m_text(table: DeltaTable, conventions: Sequence[Convention] = SHOWN) -> TextTable:
    """The paper's table: mean ± standard deviation over seeds, best and second best marked."""
    columns = [
        *(_metric_column(table.rows, metric) for metric in table.metrics),
        *chain.from_iterable(_delta_columns(table.rows, c) for c in conventions),
        _Column("seeds", [Cell(str(row.seeds)) for row in table.rows]),
    ]
    tasks = [(str(task), len(list(of))) for task, of in groupby(table.metrics, lambda m: m.task)]
    labels = [Cell(_label(table, row)) for row in table.rows]
    return TextTable(
        caption=_caption(table, conventions, columns),
        groups=(("", 1), *tasks, ("", len(columns) - len(table.metrics))),
        header=("", *(column.heading for column in columns)),
        rows=tuple(zip(labels, *(column.cells for column in columns), strict=True)),
        below=tuple(quoted_section(of, table.metrics, conventions) for of in table.quoted),
    )


def _label(table: DeltaTable, row: DeltaRow) -> str:
    """Single-task networks belong to all studies of a table."""
    several = len(table.studies) > 1 and row.config_id is not None
    return f"{row.study}: {row.label}" if several else row.label


def _metric_column(rows: Sequence[DeltaRow], metric: Metric) -> _Column:
    def show(value: float) -> str:
        return score(value, metric)

    means = [row.mean[metric.path] for row in rows]
    spreads = [_spread(row, metric.path, show) for row in rows]
    up = metric.higher_is_better
    cells = marked(means, spreads, show, higher_is_better=up, competing=_competing(rows))
    return _Column(metric_name(metric), cells)


def _delta_columns(rows: Sequence[DeltaRow], convention: Convention) -> list[_Column]:
    """Δm in one convention, and its interval where there is one.

    Single-task networks, 0 by definition, are no contestants.
    """
    single, *others = rows
    means = [row.mean[convention] for row in others]
    spreads = [_spread(row, convention, points) for row in others]
    up = convention is not Convention.DROP
    cells = [
        Cell(signed(single.mean[convention])),
        *marked(means, spreads, signed, higher_is_better=up, competing=_competing(rows)[1:]),
    ]
    columns = [_Column(HEADINGS[convention], cells)]
    if convention is Convention.GAIN:
        columns.append(_Column("95 % CI", [Cell(interval(row.interval)) for row in rows]))
    return columns


def _competing(rows: Sequence[DeltaRow]) -> list[bool]:
    """A lucky seed must not win over the mean of several."""
    fewest = 2 if any(row.seeds > 1 for row in rows[1:]) else 1
    return [place == 0 or row.seeds >= fewest for place, row in enumerate(rows)]


def _spread(row: DeltaRow, column: str, show: Callable[[float], str]) -> str:
    return f"{SPREAD}{show(row.std[column])}" if column in row.std else ""


def _caption(
    table: DeltaTable, conventions: Sequence[Convention], columns: Sequence[_Column]
) -> str:
    where = "test split" if table.split == "test" else "val split: nothing is confirmed on test yet"
    sentences = [
        f"{', '.join(table.studies)}, {where}.",
        *_about_seeds(table.rows),
        *_about_marks(columns),
        *(MEANINGS[convention] for convention in conventions),
        *table.notes,
        *chain.from_iterable(quoted_sentences(of, conventions) for of in table.quoted),
    ]
    return " ".join(sentences)


def _about_seeds(rows: Sequence[DeltaRow]) -> list[str]:
    alone = [row for row in rows if row.seeds == 1]
    if not alone:
        return ["Mean ± standard deviation over seeds."]
    if len(alone) == len(rows):
        return ["One seed each: neither spread nor interval can be given."]
    if rows[0].seeds == 1:
        said = "Single-task networks of one seed: their noise is unknown, so no interval is given."
    else:
        said = "Rows of one seed have neither spread nor interval."
        if any(row.seeds > 1 for row in rows[1:]):
            said = (
                "Rows of one seed have neither spread nor interval, and do not compete with others."
            )
    return ["Mean ± standard deviation over seeds.", said]


def _about_marks(columns: Sequence[_Column]) -> list[str]:
    cells = [cell for column in columns for cell in column.cells]
    if any(cell.second for cell in cells):
        return ["Best of a column bold, second underlined."]
    return ["Best of a column bold."] if any(cell.best for cell in cells) else []
