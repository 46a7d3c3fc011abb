"""A table ready to be set in any notation: cells are text."""

import re
from dataclasses import dataclass

SPREAD = " ± "
"""Between a mean and its standard deviation: marks are for the mean alone."""


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    best: bool = False
    second: bool = False

    @property
    def parts(self) -> tuple[str, str]:
        """The mean, and what follows it: sign and spread, or nothing."""
        mean, sign, spread = self.text.partition(SPREAD)
        return mean, sign + spread


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under the same header that must not be read as rows of the table above them."""

    title: str
    rows: tuple[tuple[Cell, ...], ...]


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
    below: tuple[Section, ...] = ()


def cells(*texts: str) -> tuple[Cell, ...]:
    return tuple(Cell(text) for text in texts)


def stacked(heading: str) -> tuple[str, str]:
    """A heading in two lines: its name; its direction and unit, or nothing."""
    name, *rest = re.split(r" (?=[↑↓])", heading, maxsplit=1)
    return name, "".join(rest)
