"""Every figure of a study in all its forms, made by as many processes as are given."""

from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import matplotlib as mpl

from mdml_tune.analysis.figures.catalogue import CATALOGUE
from mdml_tune.analysis.figures.style import encode
from mdml_tune.analysis.page.pictures import Picture, picture
from mdml_tune.analysis.subject import Subject


@dataclass(frozen=True, slots=True)
class Illustration:
    picture: Picture
    """As the report shows it."""
    files: Mapping[str, bytes]
    """Name below ``figures/`` -> content."""


def illustrations(subject: Subject, processes: int = 1) -> list[Illustration]:
    """The figures that ``subject`` has something to show in, in the order of the catalogue.

    Several processes are forked from this one, so that thousands of trials need not be handed over:
    only for a process without threads, such as those of Ray or torch.
    """
    if processes == 1:
        made = [_made(subject, index) for index in range(len(CATALOGUE))]
    else:
        made = _by_several(subject, processes)
    return [illustration for illustration in made if illustration is not None]


_of_children: list[Subject] = []
"""What forked processes find in their memory."""


def _by_several(subject: Subject, processes: int) -> list[Illustration | None]:
    _of_children.append(subject)
    try:
        with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
            # From the end: what takes longest must not be begun last.
            return list(pool.map(_made_by_child, reversed(range(len(CATALOGUE)))))[::-1]
    finally:
        _of_children.clear()


def _made_by_child(index: int) -> Illustration | None:
    return _made(_of_children[0], index)


def _made(subject: Subject, index: int) -> Illustration | None:
    entry = CATALOGUE[index]
    with mpl.rc_context({"text.parse_math": False}):  # names are the user's: a $ is a dollar
        figure = entry.draw(subject)
        if figure is None:
            return None
        files = {f"{entry.name}.{kind}": encode(figure, kind) for kind in ("png", "pdf")}
        return Illustration(picture(entry, figure), files)
