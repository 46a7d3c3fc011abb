"""Which of too many lines are drawn."""


def drawn_of(count: int, best: int, most: int) -> list[int]:
    """Places in a ranking of ``count``: the first ``best``, and others spread evenly, ``most`` in all.

    More lines than a few hundred hide each other, and make a page that nobody can mail.
    """
    if count <= most:
        return list(range(count))
    rest, others = count - best, most - best
    return [*range(best), *(best + (rest * step + rest // 2) // others for step in range(others))]
