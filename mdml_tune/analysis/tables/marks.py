"""Which values of a column are best and second best."""

from collections.abc import Callable, Sequence

from mdml_tune.analysis.tables.text_table import Cell


def marked(
    means: Sequence[float],
    spreads: Sequence[str],
    show: Callable[[float], str],
    *,
    higher_is_better: bool,
) -> list[Cell]:
    """One cell per mean, ``spreads`` behind it; best is what looks best.

    A tie in the digits shown is a tie. The last is never marked: the second of two, and the best of
    all that are alike, say nothing.
    """
    in_order = sorted(means, reverse=higher_is_better)
    shown = list(dict.fromkeys(show(mean) for mean in in_order))
    best, second = [*shown[:-1], None, None][:2]
    return [
        Cell(text + spread, best=text == best, second=text == second)
        for text, spread in zip(map(show, means), spreads, strict=True)
    ]
