"""Which parameters decide, and which seem to no more than chance makes them."""

from dataclasses import dataclass

from mdml_tune.analysis.figures.style import (
    GREY,
    INK,
    PALETTE,
    SHADE,
    Drawing,
    Mark,
    new_figure,
    tidy,
)
from mdml_tune.analysis.importance import FEWEST, Importance, importances
from mdml_tune.analysis.parameters import columns, full_length
from mdml_tune.analysis.subject import Subject


@dataclass(frozen=True, slots=True)
class Importances:
    configurations: int
    """Trained to full length."""
    judged: tuple[Importance, ...]
    """The surest first."""
    too_few: tuple[tuple[str, int], ...]
    """Parameters that too few configurations have, and how many do."""


def importance(subject: Subject) -> Importances | None:
    """None where no parameter differs among enough configurations of full length."""
    rows = full_length(subject.searched)
    parameters = columns(subject.study, rows)
    judged = importances(parameters, [row.delta_m or 0.0 for row in rows])
    if not judged:
        return None
    return Importances(
        configurations=len(rows),
        judged=tuple(judged),
        too_few=tuple((c.name, len(c.holders)) for c in parameters if len(c.holders) < FEWEST),
    )


def draw_importance(numbers: Importances) -> Drawing:
    lines = len(numbers.judged) + len(numbers.too_few)
    figure = new_figure(height=1.2 + 0.4 * lines)
    axes = figure.add_subplot()
    axes.axvspan(0, 1, color=SHADE, label="as much as chance can give")
    axes.axvline(1, color=INK, linewidth=0.9, linestyle="--")
    for place, one in enumerate(numbers.judged):
        colour = PALETTE[0] if one.times_chance > 1 else GREY
        (bar,) = axes.barh(place, one.times_chance, height=0.5, color=colour).patches
        figure.tell(bar, [Mark(_text(one))])
    for place in range(len(numbers.judged), lines):
        axes.text(0.03, place, "too few to say", fontsize=8, va="center", color=INK)
    names = [_name(one.name, one.configurations, numbers) for one in numbers.judged]
    names += [_name(name, count, numbers) for name, count in numbers.too_few]
    axes.set_yticks(range(lines), names)
    axes.set_ylim(lines - 0.5, -0.5)
    axes.set_xlim(0, max(1.15, *(1.08 * one.times_chance for one in numbers.judged)))
    figure.supxlabel(  # centred on the figure: it is wider than the axes beside long names
        "importance for being among the best third, val\n"
        "[multiples of what chance exceeds once in 20 times]",
        fontsize=9,
    )
    figure.legend(loc="outside upper right", fontsize=8, frameon=False)
    tidy(axes)
    axes.grid(visible=False, axis="y")
    return figure


def _name(name: str, count: int, numbers: Importances) -> str:
    """Over two lines where it is long; with the number of those that have it, if not all do."""
    section, _, setting = name.rpartition(".")
    text = f"{section}.\n{setting}" if section else name
    total = numbers.configurations
    return text if count == total else f"{text} ({count} of {total})"


def _text(one: Importance) -> str:
    return (
        f"{one.name}\nexplains {one.explained:.0f} % on its own, chance up to {one.chance:.0f} %\n"
        f"among {one.configurations} configurations of full length"
    )
