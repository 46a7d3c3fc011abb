"""The same table in Markdown, LaTeX and CSV."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from mdml_tune.analysis.comparison_text import comparison_text
from mdml_tune.analysis.comparisons import ComparisonRow
from mdml_tune.analysis.delta_table import DeltaTable
from mdml_tune.analysis.export import neutral
from mdml_tune.analysis.tables import delta_m_text
from mdml_tune.analysis.text_table import Cell, TextTable

_LATEX: Mapping[str, str] = MappingProxyType(
    {
        "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$",
        "#": r"\#", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
        "[": "{[}", "]": "{]}", "<": "$<$", ">": "$>$", "±": r"$\pm$", "↑": r"$\uparrow$",
        "↓": r"$\downarrow$", "Δm": r"$\Delta m$", "Δ": r"$\Delta$", "°": r"$^\circ$",
        "−": "$-$", "–": "--",
    }
)  # fmt: skip
_SPECIAL = re.compile("|".join(re.escape(sign) for sign in sorted(_LATEX, key=len, reverse=True)))


def to_markdown(table: DeltaTable) -> str:
    """GitHub-flavoured Markdown with the caption above; the best of each column is bold."""
    return text_to_markdown(delta_m_text(table), caption=True)


def to_latex(table: DeltaTable) -> str:
    r"""A ``table`` environment; its document needs ``\usepackage{booktabs}`` and UTF-8."""
    text = delta_m_text(table)
    count = len(text.header)
    return "\n".join(
        [
            r"% needs \usepackage{booktabs}",
            r"\begin{table}",
            r"\centering",
            r"\scriptsize",
            r"\setlength{\tabcolsep}{3pt}",
            rf"\caption{{{latex(text.caption)}}}",
            rf"\begin{{tabular}}{{l{'r' * (count - 1)}}}",
            r"\toprule",
            *_latex_groups(text.groups),
            _latex_line(latex(name) for name in text.header),
            r"\midrule",
            *(_latex_line(_latex_cell(cell) for cell in row) for row in text.rows),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def to_csv(table: DeltaTable) -> str:
    """Means and standard deviations in columns of their own, unrounded."""
    columns = [*(metric.path for metric in table.metrics), "delta_m", "delta_m_drop"]
    header = ["row", "config_id", "split", "seeds"]
    for column in columns:
        header += [column, f"{column}/std"]
    lines: list[list[object]] = [[*header, "delta_m_ci_low", "delta_m_ci_high"]]
    for row in table.rows:
        cells: list[object] = [row.label, row.config_id, table.split, row.seeds]
        for column in columns:
            cells += [row.mean[column], row.std.get(column)]
        ends = (None, None) if row.interval is None else (row.interval.low, row.interval.high)
        lines.append([*cells, *ends])
    return _csv(lines)


def comparisons_markdown(rows: Sequence[ComparisonRow]) -> str:
    return text_to_markdown(comparison_text(rows), caption=True)


def comparisons_csv(rows: Sequence[ComparisonRow]) -> str:
    """Unrounded, in percentage points."""
    lines: list[list[object]] = [
        ["measure", "method", "reference", "difference", "ci_low", "ci_high", "p", "seeds"]
    ]
    for row in rows:
        of = row.difference
        ends = (None, None) if of.interval is None else (of.interval.low, of.interval.high)
        lines.append([row.measure, row.method, row.reference, of.mean, *ends, of.p, of.seeds])
    return _csv(lines)


def text_to_markdown(table: TextTable, *, caption: bool = False) -> str:
    # Markdown knows one line of header: a group's name joins the names below it.
    above = [name for name, span in table.groups for _ in range(span)] or [""] * len(table.header)
    header = [f"{a} {name}".strip() for a, name in zip(above, table.header, strict=True)]
    return "\n".join(
        [
            *([markdown(table.caption), ""] if caption else []),
            _markdown_line(markdown(name) for name in header),
            _markdown_line([":---"] * table.words + ["---:"] * (len(header) - table.words)),
            *(_markdown_line(_markdown_cell(cell) for cell in row) for row in table.rows),
            "",
        ]
    )


def latex(text: str) -> str:
    """``text`` with every character that LaTeX would act upon made harmless."""
    escaped = _SPECIAL.sub(lambda found: _LATEX[found[0]], " ".join(text.split()))
    return re.sub(r"(?<![\w-])-(?=\d)", "$-$", escaped)


def markdown(text: str) -> str:
    """``text`` that stays within its cell and shows as it is."""
    return re.sub(r"([\\|`*_<])", r"\\\1", " ".join(text.split()))


def _latex_groups(groups: Sequence[tuple[str, int]]) -> list[str]:
    names, rules, column = list[str](), list[str](), 1
    for name, span in groups:
        names.append(rf"\multicolumn{{{span}}}{{c}}{{{latex(name)}}}")
        if name:
            rules.append(rf"\cmidrule(lr){{{column}-{column + span - 1}}}")
        column += span
    return [_latex_line(names), " ".join(rules)] if names else []


def _latex_line(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"


def _latex_cell(cell: Cell) -> str:
    if not cell.best:
        return latex(cell.text)
    mean, *spread = cell.text.split(" ± ")
    return rf"\textbf{{{latex(mean)}}}" + "".join(rf" $\pm$ {latex(part)}" for part in spread)


def _markdown_line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _markdown_cell(cell: Cell) -> str:
    return f"**{markdown(cell.text)}**" if cell.best else markdown(cell.text)


def _csv(lines: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for line in lines:
        writer.writerow([neutral(cell) if isinstance(cell, str) else cell for cell in line])
    return text.getvalue()
