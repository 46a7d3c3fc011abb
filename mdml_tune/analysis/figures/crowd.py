"""Which of too many configurations are drawn."""

BEST = 100
"""Of too many, so many of the best are drawn."""
MOST = 300
"""More marks than this hide each other, and make a page that nobody can mail."""


def drawn_of(count: int, best: int = BEST, most: int = MOST) -> list[int]:
    """Places in a ranking of ``count``: the first ``best``, and others spread evenly, ``most`` in all."""
    if count <= most:
        return list(range(count))
    rest, others = count - best, most - best
    return [*range(best), *(best + (rest * step + rest // 2) // others for step in range(others))]


def who_is_drawn(count: int) -> str:
    """In words, where not all are."""
    if count <= MOST:
        return ""
    return f"the best {BEST} of {count:,} configurations, and {MOST - BEST} spread evenly over the others"
