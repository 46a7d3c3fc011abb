"""Which values of a column are best and second best."""

from collections.abc import Callable, Sequence

from mdml_tune.analysis.tables.text_table import Cell


def marked(
    means: Sequence[float],
    spreads: Sequence[str],
    show: Callable[[float], str],
    *,
    higher_is_better: bool,
    competing: Sequence[bool],
) -> list[Cell]:
    """One cell per mean, ``spreads`` behind it; best is what looks best of those ``competing``.

    A tie in the digits shown is a tie. The last is never marked: the second of two, and the best of
    all that are alike, say nothing.
    """
    taking_part = [mean for mean, competes in zip(means, competing, strict=True) if competes]
    in_order = sorted(taking_part, reverse=higher_is_better)
    shown = list(dict.fromkeys(show(mean) for mean in in_order))
    best, second = [*shown[:-1], None, None][:2]
    return [
        Cell(text + spread, best=competes and text == best, second=competes and text == second)
        for text, spread, competes in zip(map(show, means), spreads, competing, strict=True)
    ]
