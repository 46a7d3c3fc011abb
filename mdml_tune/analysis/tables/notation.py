"""The same table in Markdown, LaTeX and CSV."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from itertools import chain

from mdml_tune.analysis.comparisons import ComparisonRow
from mdml_tune.analysis.export import neutral
from mdml_tune.analysis.published.library import PublishedRow, PublishedTable
from mdml_tune.analysis.tables.comparison_text import comparison_text
from mdml_tune.analysis.tables.delta_table import DeltaTable
from mdml_tune.analysis.tables.latex_table import text_to_latex
from mdml_tune.analysis.tables.paper import SHOWN, delta_m_text
from mdml_tune.analysis.tables.text_table import Cell, TextTable
from mdml_tune.delta_m import Convention


def to_markdown(table: DeltaTable, conventions: Sequence[Convention] = SHOWN) -> str:
    """GitHub-flavoured Markdown with the caption above; best bold, second best underlined."""
    return text_to_markdown(delta_m_text(table, conventions), caption=True)


def to_latex(table: DeltaTable, conventions: Sequence[Convention] = SHOWN) -> str:
    r"""A ``table`` environment, ASCII throughout; the first line says which packages it wants."""
    return text_to_latex(delta_m_text(table, conventions))


def to_csv(table: DeltaTable, conventions: Sequence[Convention] = SHOWN) -> str:
    """Means and standard deviations in columns of their own, unrounded.

    Rows with a ``source`` are quoted: their Δm is against the single-task row of that source.
    """
    columns = [*(metric.path for metric in table.metrics), *(c.value for c in conventions)]
    ends = ["delta_m_ci_low", "delta_m_ci_high"] if Convention.GAIN in conventions else []
    header = ["row", "study", "config_id", "split", "seeds"]
    for column in columns:
        header += [column, f"{column}/std"]
    lines: list[list[object]] = [[*header, *ends, "source"]]
    for row in table.rows:
        cells: list[object] = [row.label, row.study, row.config_id, table.split, row.seeds]
        for column in columns:
            cells += [row.mean[column], row.std.get(column)]
        interval = (None, None) if row.interval is None else (row.interval.low, row.interval.high)
        lines.append([*cells, *interval[: len(ends)], None])
    for published in table.quoted:
        lines += [
            _csv_quoted(published, row, columns, len(ends))
            for row in (published.single, *published.rows)
        ]
    return _csv(lines)


def comparisons_markdown(rows: Sequence[ComparisonRow]) -> str:
    return text_to_markdown(comparison_text(rows), caption=True)


def comparisons_csv(rows: Sequence[ComparisonRow]) -> str:
    """Unrounded, in percentage points."""
    header = "family measure method reference difference ci_low ci_high p p_corrected seeds"
    lines: list[list[object]] = [[*header.split()]]
    for row in rows:
        ends = (None, None) if row.interval is None else (row.interval.low, row.interval.high)
        names = [str(row.family), row.measure, row.method, row.reference]
        lines.append([*names, row.difference, *ends, row.p, row.p_corrected, row.seeds])
    return _csv(lines)


def text_to_markdown(table: TextTable, *, caption: bool = False) -> str:
    """One table, and below it one for each section: what is quoted never joins a column of ours."""
    above = [
        *([markdown(table.caption), ""] if caption else []),
        *_markdown_rows(table, table.rows),
    ]
    below = chain.from_iterable(
        ["", f"**{markdown(section.title)}**", "", *_markdown_rows(table, section.rows)]
        for section in table.below
    )
    return "\n".join([*above, *below, ""])


def markdown(text: str) -> str:
    """``text`` that stays within its cell and shows as it is."""
    # Within a word, an underscore is one.
    return re.sub(r"([\\|`*<]|(?<!\w)_|_(?!\w))", r"\\\1", " ".join(text.split()))


def _csv_quoted(
    table: PublishedTable, row: PublishedRow, columns: Sequence[str], ends: int
) -> list[object]:
    cells: list[object] = [row.method, None, None, "test", table.seeds]
    for column in columns:
        value = row.scores[column] if column in row.scores else row.delta_m(Convention(column))
        cells += [value, None]
    ours = [name for name in columns if name not in (*row.scores, *row.printed)]
    said = [str(table.source), *(f"{name} recomputed from its scores" for name in ours)]
    return [*cells, *[None] * ends, "; ".join(said)]


def _markdown_rows(table: TextTable, rows: Sequence[Sequence[Cell]]) -> list[str]:
    # Markdown knows one line of header: a group's name joins the names below it.
    above = [name for name, span in table.groups for _ in range(span)] or [""] * len(table.header)
    header = [f"{a} {name}".strip() for a, name in zip(above, table.header, strict=True)]
    return [
        _markdown_line(markdown(name) for name in header),
        _markdown_line([":---"] * table.words + ["---:"] * (len(header) - table.words)),
        *(_markdown_line(_markdown_cell(cell) for cell in row) for row in rows),
    ]


def _markdown_line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _markdown_cell(cell: Cell) -> str:
    if cell.best:
        return f"**{markdown(cell.text)}**"
    # Markdown itself cannot underline; GitHub keeps this element.
    return f"<ins>{markdown(cell.text)}</ins>" if cell.second else markdown(cell.text)


def _csv(lines: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for line in lines:
        writer.writerow([neutral(cell) if isinstance(cell, str) else cell for cell in line])
    return text.getvalue()
