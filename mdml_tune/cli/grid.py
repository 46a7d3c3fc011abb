"""A table of plain words on the terminal."""

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_grid(console: Console, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under their header; a narrow terminal may fold a cell, but never cut it."""
    table = Table(box=box.SIMPLE_HEAD)
    for name in header:
        table.add_column(Text(name), overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
