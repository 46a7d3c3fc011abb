"""A table as LaTeX that a paper takes as it is."""

from collections.abc import Iterable, Sequence
from itertools import chain

from mdml_tune.analysis.tables.latex_text import latex
from mdml_tune.analysis.tables.text_table import Cell, Section, TextTable, stacked

WIDE = 72
"""Characters from which on a line would be too small to read in one column of two."""


def text_to_latex(table: TextTable) -> str:
    r"""A ``table`` environment, ASCII throughout; the first line says which packages it wants.

    Spreads stand below their means, and directions below their names, so that a column holds more;
    a wide table spans the page (``table*``). What is too wide even so is shrunk to the width.
    """
    count = len(table.header)
    name = "table*" if _width(table) > WIDE else "table"
    names, arrows = zip(*map(stacked, table.header), strict=True)
    return "\n".join(
        [
            r"% \usepackage{booktabs} \usepackage{graphicx}",
            rf"\begin{{{name}}}",
            r"\centering",
            rf"\caption{{{latex(table.caption)}}}",
            r"\smallskip",
            r"\small",
            r"\setlength{\tabcolsep}{4pt}",
            r"\providecommand{\resizebox}[3]{#3}% without graphicx it keeps its own width",
            r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
            rf"\begin{{tabular}}{{l{'r' * (count - 1)}}}",
            r"\toprule",
            *_latex_groups(table.groups),
            _latex_line(map(latex, names)),
            _latex_line(map(latex, arrows)),
            r"\midrule",
            *_latex_rows(table.rows),
            *chain.from_iterable(_latex_section(section, count) for section in table.below),
            r"\bottomrule",
            r"\end{tabular}}",
            rf"\end{{{name}}}",
            "",
        ]
    )


def _width(table: TextTable) -> int:
    """Characters of a line, every column as wide as its widest cell, with the gaps between."""
    rows = [*table.rows, *chain.from_iterable(section.rows for section in table.below)]
    cells = [max(len(cell.parts[0]) for cell in column) for column in zip(*rows, strict=True)]
    names = [max(map(len, stacked(heading))) for heading in table.header]
    return sum(map(max, cells, names)) + 2 * len(names)


def _latex_groups(groups: Sequence[tuple[str, int]]) -> list[str]:
    names, rules, column = list[str](), list[str](), 1
    for name, span in groups:
        names.append(rf"\multicolumn{{{span}}}{{c}}{{{latex(name)}}}")
        if name:
            rules.append(rf"\cmidrule(lr){{{column}-{column + span - 1}}}")
        column += span
    return [_latex_line(names), " ".join(rules)] if names else []


def _latex_rows(rows: Sequence[Sequence[Cell]]) -> list[str]:
    return list(chain.from_iterable(map(_latex_row, rows)))


def _latex_row(row: Sequence[Cell]) -> list[str]:
    means = _latex_line(map(_latex_mean, row))
    spreads = [cell.parts[1].strip() for cell in row]
    if not any(spreads):
        return [means]
    small = (rf"\scriptsize {latex(spread)}" if spread else "" for spread in spreads)
    return [rf"{means}[-1pt]", _latex_line(small), r"\addlinespace[2pt]"]


def _latex_section(section: Section, columns: int) -> list[str]:
    title = rf"\multicolumn{{{columns}}}{{l}}{{\emph{{{latex(section.title)}}}}}"
    return [r"\midrule", _latex_line([title]), *_latex_rows(section.rows)]


def _latex_line(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"


def _latex_mean(cell: Cell) -> str:
    mean = latex(cell.parts[0])
    if cell.best:
        return rf"\textbf{{{mean}}}"
    return rf"\underline{{{mean}}}" if cell.second else mean
