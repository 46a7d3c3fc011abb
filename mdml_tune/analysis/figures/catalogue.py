"""Every figure of a study, in the order in which a reader wants them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from mdml_tune.analysis.figures.anytime import anytime, draw_anytime
from mdml_tune.analysis.figures.curves import draw_learning_curves, learning_curves
from mdml_tune.analysis.figures.gap import draw_gaps, gaps
from mdml_tune.analysis.figures.parallel import draw_parallel_coordinates, parallel_coordinates
from mdml_tune.analysis.figures.style import Drawing
from mdml_tune.analysis.subject import Subject

Numbers = TypeVar("Numbers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    name: str
    """File name without its ending."""
    caption: str
    """What it shows, and how to read it."""
    wide: bool = False
    """Needs the page's whole width."""
    draw: Callable[[Subject], Drawing | None]
    """None where the study has nothing to show there."""


def drawn(subject: Subject) -> Iterator[tuple[Entry, Drawing]]:
    """The figures that ``subject`` has something to show in."""
    for entry in CATALOGUE:
        figure = entry.draw(subject)
        if figure is not None:
            yield entry, figure


def _figure(
    numbers: Callable[[Subject], Numbers | None], draw: Callable[[Numbers], Drawing]
) -> Callable[[Subject], Drawing | None]:
    """Numbers first, drawing second."""

    def made(subject: Subject) -> Drawing | None:
        found = numbers(subject)
        return None if found is None else draw(found)

    return made


CATALOGUE: tuple[Entry, ...] = (
    Entry(
        name="anytime",
        caption="Anytime leaderboard: the best Δm on val so far, against what had been spent on "
        "trials, single-task baselines included.",
        draw=_figure(anytime, draw_anytime),
    ),
    Entry(
        name="generalisation_gap",
        caption="Generalisation gap: how much better a network is in training than on val, as a "
        "share of the single-task score, averaged like Δm.",
        draw=_figure(gaps, draw_gaps),
    ),
    Entry(
        name="learning_curves",
        caption="Learning curves on val of the best configurations (the others in grey); dashed: "
        "what the single-task networks reach.",
        wide=True,
        draw=_figure(learning_curves, draw_learning_curves),
    ),
    Entry(
        name="parallel_coordinates",
        caption="Searched configurations, one line each; 'off' marks a setting that a "
        "configuration does not have.",
        wide=True,
        draw=_figure(parallel_coordinates, draw_parallel_coordinates),
    ),
)
