"""Figures as the report shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from mdml_tune.analysis.figures.catalogue import Entry
from mdml_tune.analysis.figures.inline import to_inline_svg
from mdml_tune.analysis.figures.style import WIDTH, Drawing, Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    name: str
    """File name without its ending."""
    caption: str
    chapter: str
    svg: Markup
    marks: Mapping[str, Sequence[Mark]]
    """Id of a group within the page -> what its members stand for."""
    wide: bool
    """Takes a line of its own."""
    broad: bool
    """Is wider than a phone: there it is panned, so that its text can be read."""
    photographs: bool
    """Keeps its colours in the dark."""


def picture(entry: Entry, figure: Drawing) -> Picture:
    return Picture(
        name=entry.name,
        caption=entry.caption,
        chapter=str(entry.chapter),
        svg=Markup(to_inline_svg(figure, entry.name, entry.caption)),  # noqa: S704 (escaped by matplotlib)
        marks={f"{entry.name}-{group}": marks for group, marks in figure.marks.items()},
        wide=entry.wide,
        broad=figure.get_figwidth() > WIDTH,
        photographs=entry.photographs,
    )
