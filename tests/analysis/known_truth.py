"""Studies whose truth is known, drawn by the thousand: what the ranking must hold on them."""

import numpy as np
import synthetic

from mdml_tune.analysis.noise.equality import Table, table_of
from mdml_tune.analysis.noise.intervals import delta_m_estimate
from mdml_tune.analysis.reference import Reference
from mdml_tune.delta_m import mean_scores
from mdml_tune.records import Scores
from mdml_tune.tasks import METRICS

NOISE = 0.3
"""Points of Δm between the seeds of one configuration."""
SHARED = (0.0, 0.15, 0.6)
"""Points by which a seed suits all configurations alike."""
GAIN = 3.0
"""True Δm in percent where coverage is asked for."""

OfSeeds = dict[int, float]


def drawn(
    random: np.random.Generator, gains: list[float], seeds: int, shared: float
) -> list[OfSeeds]:
    """Δm of each configuration and seed."""
    noise = random.normal(0, NOISE, (len(gains), seeds)) + random.normal(0, shared, seeds)
    return [dict(enumerate(row)) for row in np.array(gains)[:, None] + noise]


def table(scores: list[OfSeeds]) -> Table:
    found = table_of(scores)
    assert found is not None
    return found


def best(scores: list[OfSeeds]) -> int:
    return int(np.argmax([np.mean(list(of.values())) for of in scores]))


def ahead(scores: list[OfSeeds]) -> dict[int, float]:
    leader = best(scores)
    return table(scores).p_ahead(leader, [i for i in range(len(scores)) if i != leader])


def false_win(random: np.random.Generator, count: int, seeds: int, shared: float) -> bool:
    """All are equal: whether the leader is put ahead of any."""
    return min(ahead(drawn(random, [0.0] * count, seeds, shared)).values()) <= 0.05


def uneven_false_win(random: np.random.Generator) -> bool:
    """Five are equal, and one of them is four times as noisy: where pooling is wrong."""
    noise = NOISE * np.array([1, 1, 1, 1, 4])[:, None]
    scores = [dict(enumerate(row)) for row in random.normal(0, 1, (5, 3)) * noise]
    return min(ahead(scores).values()) <= 0.05


def best_is_found(random: np.random.Generator, count: int, seeds: int, shared: float) -> bool:
    """One is a point better: whether it comes first and is told from all others."""
    scores = drawn(random, [1.0] + [0.0] * (count - 1), seeds, shared)
    return best(scores) == 0 and max(ahead(scores).values()) <= 0.05


def study(
    random: np.random.Generator, noise: float, of_baselines: float
) -> tuple[list[Scores], Reference]:
    """Three seeds whose true Δm is ``GAIN``: metrics of one network move together, networks do not."""

    def network(gain: float, spread: float, tasks=synthetic.TASKS) -> dict[str, float]:
        common = random.normal(0, spread)
        return {
            m.path: synthetic.SINGLE[m.path]
            * (1 + (1 if m.higher_is_better else -1) * (gain + common + random.normal(0, spread / 2)) / 100)
            for task in tasks
            for m in METRICS[task]
        }  # fmt: skip

    of_seeds = {
        task: tuple(network(0, of_baselines, (task,)) for _ in range(3)) for task in synthetic.TASKS
    }
    mean = {k: v for scores in of_seeds.values() for k, v in mean_scores(scores).items()}
    return [network(GAIN, noise) for _ in range(3)], Reference("test", mean, of_seeds)


def covered(random: np.random.Generator, noise: float, of_baselines: float) -> bool:
    interval = delta_m_estimate(*study(random, noise, of_baselines), synthetic.TASKS).interval
    assert interval is not None
    return interval.low <= GAIN <= interval.high
