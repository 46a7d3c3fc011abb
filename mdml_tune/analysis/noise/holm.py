"""Holm's correction for several tests of one question."""

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values, in the order given (Holm, Scandinavian Journal of Statistics 6, 1979).

    The smallest is multiplied by their number, the next by one less, and so on; none is smaller than
    one that comes before it. The chance of any false finding among those at most 0.05 is at most 5 %,
    however the tests depend on each other.
    """
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted, least = [0.0] * len(p_values), 0.0
    for place, index in enumerate(order):
        least = max(least, min(1.0, p_values[index] * (len(p_values) - place)))
        adjusted[index] = least
    return adjusted
