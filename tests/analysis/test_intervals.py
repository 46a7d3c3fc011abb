"""Intervals must hold what they promise when the truth is known."""

import numpy as np
import pytest
import synthetic

from mdml_tune.analysis.intervals import delta_m_estimate, paired_difference
from mdml_tune.analysis.reference import Reference, reference
from mdml_tune.delta_m import delta_m, mean_scores
from mdml_tune.tasks import METRICS

TASKS = synthetic.TASKS


def simulated(random: np.random.Generator, noise: float, baseline_noise: float):
    """A study whose true Δm is 3 %: metrics of one network move together, networks do not."""

    def network(gain: float, spread: float, tasks=TASKS) -> dict[str, float]:
        common = random.normal(0, spread)
        return {
            m.path: synthetic.SINGLE[m.path]
            * (1 + (1 if m.higher_is_better else -1) * (gain + common + random.normal(0, spread / 2)) / 100)
            for task in tasks
            for m in METRICS[task]
        }  # fmt: skip

    of_seeds = {
        task: tuple(network(0, baseline_noise, (task,)) for _ in range(3)) for task in TASKS
    }
    mean = {k: v for scores in of_seeds.values() for k, v in mean_scores(scores).items()}
    return [network(3.0, noise) for _ in range(3)], Reference("test", mean, of_seeds)


@pytest.mark.parametrize(("noise", "baseline_noise"), [(0.5, 0.5), (0.3, 1.0), (1.0, 0.2)])
def test_coverage(noise: float, baseline_noise: float) -> None:
    random = np.random.default_rng(7)
    inside, count = 0, 1500
    for _ in range(count):
        interval = delta_m_estimate(*simulated(random, noise, baseline_noise), TASKS).interval
        assert interval is not None
        inside += interval.low <= 3.0 <= interval.high
    assert 0.92 < inside / count < 0.98


def test_noise_of_the_baselines_widens_the_interval() -> None:
    scores = [synthetic.scores(gain) for gain in (2.0, 3.0, 4.0)]
    exact = reference(synthetic.study(), "test")
    noisy = reference(
        synthetic.study(references=synthetic.baselines(factors=(0.9, 1.0, 1.1))), "test"
    )
    narrow = delta_m_estimate(scores, exact, TASKS).interval
    wide = delta_m_estimate(scores, noisy, TASKS).interval
    assert narrow is not None
    assert wide is not None
    assert (narrow.low, narrow.high) == pytest.approx((3 - 2.484, 3 + 2.484), abs=1e-3)  # t, 2 df
    assert wide.low < narrow.low < narrow.high < wide.high


def test_mean_is_the_delta_m_of_the_mean() -> None:
    scores = [synthetic.scores(gain) for gain in (1.0, 2.0, 6.0)]
    against = reference(synthetic.study(), "test")
    expected = delta_m(mean_scores(scores), against.mean, TASKS)
    assert delta_m_estimate(scores, against, TASKS).mean == pytest.approx(expected)


def test_one_seed_gives_no_interval() -> None:
    against = reference(synthetic.study(), "test")
    lone = reference(synthetic.study(references=synthetic.baselines(factors=(1.0,))), "test")
    assert delta_m_estimate([synthetic.scores(2)], against, TASKS).interval is None
    assert delta_m_estimate([synthetic.scores(2)] * 2, lone, TASKS).interval is None


def test_paired_difference_by_hand() -> None:
    found = paired_difference({1: 2.0, 2: 4.0, 3: 6.0, 9: 99.0}, {1: 1.0, 2: 2.0, 3: 3.0})
    assert found is not None  # differences 1, 2, 3: mean 2, standard error 1/sqrt(3)
    assert (found.mean, found.seeds) == (2.0, 3)
    assert found.p == pytest.approx(0.0742, abs=1e-4)  # t = 3.464, 2 degrees of freedom
    assert found.interval is not None
    assert found.interval.low == pytest.approx(2 - 4.3027 / 3**0.5, abs=1e-4)


def test_paired_difference_without_enough_seeds() -> None:
    assert paired_difference({1: 2.0}, {2: 1.0}) is None
    lone = paired_difference({1: 2.0}, {1: 1.0})
    assert lone is not None
    assert (lone.mean, lone.interval, lone.p, lone.seeds) == (1.0, None, None, 1)


def test_what_repeats_exactly_is_no_accident() -> None:
    same = paired_difference({1: 2.0, 2: 3.0}, {1: 2.0, 2: 3.0})
    apart = paired_difference({1: 2.0, 2: 3.0}, {1: 1.0, 2: 2.0})
    assert same is not None
    assert apart is not None
    assert (same.p, apart.p) == (1.0, 0.0)
