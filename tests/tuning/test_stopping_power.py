"""What early stopping is for: nearly the same result for far fewer epochs.

The curves saturate at a pace of their own and carry the noise of a validation score; they are not
those that the forecast draws.
"""

import numpy as np
import pytest
from numpy.typing import NDArray

from mdml_tune.spaces.plan import (
    AshaStopping,
    HyperbandStopping,
    MedianStopping,
    Stopping,
)
from mdml_tune.tuning.simulate import Simulated, simulate
from mdml_tune.tuning.stopping.build import build_rule

TRIALS, EPOCHS, SEARCHES = 48, 40, 40
SEED_NOISE = 0.5
"""Points of Δm by which the final value of one configuration differs from seed to seed; its
configurations differ by 4 (standard deviations)."""


def curves(seed: int) -> NDArray[np.float64]:
    """(trials, epochs): Δm in percent, from far below zero towards a value of each trial's own."""
    rng = np.random.default_rng(seed)
    final_N1 = rng.normal(0.0, 4.0, (TRIALS, 1))
    pace_N1 = rng.uniform(3.0, 10.0, (TRIALS, 1))
    start_N1 = rng.normal(-40.0, 5.0, (TRIALS, 1))
    time_E = np.arange(1, EPOCHS + 1)
    means_NE = final_N1 + (start_N1 - final_N1) * np.exp(-time_E / pace_N1)
    return means_NE + rng.normal(0.0, SEED_NOISE, means_NE.shape)


def searched(config: Stopping | None, seed: int, concurrency: int) -> tuple[Simulated, float]:
    """A search, and the best final value among the trials that it ran to their end."""
    values_NE = curves(seed)
    rule = build_rule(config, EPOCHS, seed)
    seen = simulate(
        TRIALS, EPOCHS, concurrency, rule, lambda n, epoch: (float(values_NE[n, epoch - 1]),)
    )
    whole = [n for n, epochs in enumerate(seen.epochs) if epochs == EPOCHS]
    return seen, float(values_NE[whole, -1].max())


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize(
    ("config", "most"),
    [
        (AshaStopping(), 0.4),
        (HyperbandStopping(kind="hyperband"), 0.5),
        (MedianStopping(kind="median"), 0.95),  # on steep curves it is careful
    ],
    ids=["asha", "hyperband", "median"],
)
def test_far_fewer_epochs_and_nearly_the_same_result(
    config: Stopping, most: float, concurrency: int
) -> None:
    runs = [searched(config, seed, concurrency) for seed in range(SEARCHES)]
    spent = np.array([seen.total for seen, _ in runs])
    finals = [curves(seed)[:, -1] for seed in range(SEARCHES)]
    lost = np.array([f.max() - found for (_, found), f in zip(runs, finals, strict=True)])
    assert spent.mean() < most * TRIALS * EPOCHS
    assert np.median(lost) < SEED_NOISE
    # The same epochs could have gone into fewer trials, all of full length.
    instead = [f.max() - f[: n // EPOCHS].max() for n, f in zip(spent, finals, strict=True)]
    assert lost.mean() < np.mean(instead) / 1.5
