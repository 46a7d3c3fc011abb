"""Learning curves that nobody has trained, for forecasts.

What a rule stops depends on how well early values foretell late ones, and on whether the sampler
improves. Neither is known beforehand, so both are drawn from wide ranges.
"""

import numpy as np
from numpy.typing import NDArray

Curves_NE = NDArray[np.float64]
"""Values of N trials after E epochs, in standard deviations of the final values."""

FORETELLS = (0.3, 0.95)
"""Correlation between the values after the first and after the last epoch."""

LEARNS = (0.0, 5.0)
"""What training adds to all trials alike; the median rule compares values of different epochs."""

SETTLES = (0.05, 0.4)
"""Share of the epochs in which most of that is learnt."""

IMPROVES = (0.0, 2.0)
"""How much better the sampler's last configurations are than its first, where it improves; with
equal chances it does not."""

NOISE = 0.1
"""Of each report."""


def drawn_curves(trials: int, epochs: int, rng: np.random.Generator) -> Curves_NE:
    """Learning curves under assumptions that are drawn anew at each call.

    A trial's value is a mixture of what it will be in the end and of a passing difference of the
    same size (some learn fast and end badly), whose share fades from epoch to epoch.
    """
    first = rng.uniform(*FORETELLS)
    height = rng.uniform(*LEARNS)
    pace = rng.uniform(*SETTLES) * epochs
    slope = rng.uniform(*IMPROVES) if rng.random() < 1 / 2 else 0.0
    time_E = np.arange(1, epochs + 1)
    foretells_E = first + (1 - first) * (time_E - 1) / max(1, epochs - 1)
    final_N = rng.normal(size=trials) + slope * np.arange(trials) / trials
    passing_N = rng.normal(size=trials)
    trend_E = height * (1 - np.exp(-time_E / pace))
    return (
        trend_E
        + foretells_E * final_N[:, None]
        + np.sqrt(1 - foretells_E**2) * passing_N[:, None]
        + rng.normal(0.0, NOISE, (trials, epochs))
    )
