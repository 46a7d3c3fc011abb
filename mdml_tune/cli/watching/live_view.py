"""The live view of a running study: lines that fit the terminal, whatever its size."""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from mdml_tune.cli.watching.standing import Running, Standing
from mdml_tune.cli.watching.wording import (
    duration,
    first_line,
    name_of,
    score_of,
    shortened,
    shortened_by_words,
)
from mdml_tune.records import Status

ROWS = 12
"""Running trials that are listed at most; the others are counted."""
NOTICES = 3
EPOCH_WIDTH = 9
"""Columns of ``1234/5678``."""
SCORE_WIDTHS = 11, 22
"""Fewest columns of a score, and most, since its heading is a name."""


def live_view(standing: Standing, width: int, height: int) -> list[Text]:
    """No line is wider than ``width``, and there are fewer lines than ``height``.

    Names are shortened, numbers are not; with little height the running trials give way first.
    """
    head = _packed(_head(standing, width), width)
    best = _best(standing, width)
    notices = [shortened_by_words(first_line(text), width) for text in standing.notices[-NOTICES:]]
    room = height - 1 - len(head) - len(best) - len(notices)
    lines = [
        *(Text(line, style="bold") for line in head),
        *(Text(line, style="green") for line in best),
        *(Text(line) for line in _running(standing, width, room)),
        *(Text(line, style="yellow") for line in notices),
    ]
    for line in lines:
        line.no_wrap, line.overflow = True, "crop"
    return lines[: max(1, height - 1)]


def summary(standing: Standing, width: int) -> list[str]:
    """What is left on the terminal when the view goes."""
    return [*_packed(_head(standing, width), width), *_best(standing, width)]


def _head(standing: Standing, width: int) -> list[str]:
    if standing.phase is None:
        return [shortened(standing.study, width // 2), "starting ..."]
    failed, pruned = standing.count(Status.FAILED), standing.count(Status.PRUNED)
    left = standing.seconds_left
    return [
        shortened(standing.study, width // 2),
        f"{standing.phase} {standing.ended}/{standing.total}",
        f"{failed} failed" if failed else "",
        f"{pruned} stopped early" if pruned else "",
        f"{standing.more_seeds} more seeds" if standing.more_seeds else "",
        duration(standing.seconds),
        "" if left is None else f"about {duration(left)} left",
    ]


def _packed(pieces: Sequence[str], width: int) -> list[str]:
    """As many pieces to a line as fit; none of them is cut."""
    lines: list[str] = []
    for piece in filter(None, pieces):
        if lines and cell_len(longer := f"{lines[-1]} · {piece}") <= width:
            lines[-1] = longer
        else:
            lines.append(piece)
    return lines


def _best(standing: Standing, width: int) -> list[str]:
    if standing.leaders.best is None:
        return []
    value, record = standing.leaders.best
    score = f"  {value:+.2f} %"
    said = "best  "
    return [said + name_of(record).fitted(width - len(said) - len(score)) + score]


def _running(standing: Standing, width: int, room: int) -> list[str]:
    """A heading, a row per trial, and how many more there are, in at most ``room`` lines."""
    running = list(standing.running.values())
    objective = standing.leaders.objective
    heading = objective.removeprefix("val/")
    narrow, wide = SCORE_WIDTHS
    score_width = min(max(narrow, len(heading)), wide)
    shown = min(len(running), ROWS, room - 1)
    if shown < len(running):
        shown = min(shown, room - 2)  # the last line counts the others
    if shown < 1:
        return []
    lines = [_row(f"running {len(running)}", "epoch", heading, width, score_width)]
    for one in running[:shown]:
        name = name_of(one.record).fitted(width - EPOCH_WIDTH - score_width - 4)
        score = score_of(one.report, objective)
        lines.append(_row(name, _epochs(one), score, width, score_width))
    if shown < len(running):
        lines.append(f"and {len(running) - shown} more")
    return lines


def _row(left: str, epochs: str, score: str, width: int, score_width: int) -> str:
    right = f"  {epochs:>{EPOCH_WIDTH}}  {shortened(score, score_width):>{score_width}}"
    return set_cell_size(left, max(cell_len(left), width - len(right))) + right


def _epochs(one: Running) -> str:
    return f"{one.epoch}/{one.epochs}"
