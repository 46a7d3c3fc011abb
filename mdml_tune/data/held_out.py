"""Which training images the search is judged on, where a data set has no val of its own."""

import numpy as np


def held_out(count: int, fraction: float, seed: int) -> tuple[list[int], list[int]]:
    """Which of ``count`` training images to learn from, and which to hold out, both in order.

    The draw depends on ``count`` and ``seed`` alone; each part gets at least one image.
    """
    draws = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed))).random(count)
    order = [int(number) for number in np.argsort(draws, kind="stable")]
    share = min(max(round(count * fraction), 1), count - 1)
    return sorted(order[share:]), sorted(order[:share])
