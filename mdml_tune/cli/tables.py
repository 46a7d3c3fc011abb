"""Tables on the terminal: the same cells as in the files, in rich's frame."""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mdml_tune.analysis.tables.text_table import Cell, TextTable

WIDE = 260
"""Columns to assume where the output is no terminal: a log can be scrolled."""


def build_console() -> Console:
    """A console on standard output that folds no table in a log."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDE)


def print_table(console: Console, table: TextTable, *, title: str) -> None:
    """Print a table whose columns a narrow terminal may fold, but never cut."""
    drawn = Table(
        title=title,
        caption=table.caption,
        box=box.SIMPLE_HEAD,
        title_justify="left",
        caption_justify="left",
    )
    for i, name in enumerate(_headings(table)):
        drawn.add_column(
            Text(name), justify="left" if i < table.words else "right", overflow="fold"
        )
    for row in table.rows:
        drawn.add_row(*map(_drawn, row))
    console.print(drawn)


def _drawn(cell: Cell) -> Text:
    mean, spread = cell.parts
    style = "bold" if cell.best else "underline" if cell.second else ""
    return Text.assemble((mean, style), spread)


def _headings(table: TextTable) -> list[str]:
    """Each column's name under that of its group."""
    groups = [name for name, span in table.groups for _ in range(span)]
    if not groups:
        return list(table.header)
    return [
        f"{group}\n{name}" if group else name
        for group, name in zip(groups, table.header, strict=True)
    ]
