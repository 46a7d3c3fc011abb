"""A table ready to be set in any notation: cells are text."""

from dataclasses import dataclass


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


def cells(*texts: str) -> tuple[Cell, ...]:
    return tuple(Cell(text) for text in texts)
