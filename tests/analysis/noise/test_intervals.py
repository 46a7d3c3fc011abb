"""Intervals must hold what they promise when the truth is known."""

import numpy as np
import pytest
import synthetic
from known_truth import GAIN, covered, study

from mdml_tune.analysis.noise.intervals import delta_m_estimate
from mdml_tune.analysis.reference import reference
from mdml_tune.delta_m import delta_m, mean_scores

TASKS = synthetic.TASKS


@pytest.mark.parametrize(("noise", "baseline_noise"), [(0.5, 0.5), (0.3, 1.0), (1.0, 0.2)])
def test_coverage(noise: float, baseline_noise: float) -> None:
    random = np.random.default_rng(7)
    inside = [covered(random, noise, baseline_noise) for _ in range(3000)]
    assert 0.92 < np.mean(inside) < 0.98


def test_the_best_of_ten_is_seldom_called_better_than_it_is() -> None:
    random, count, wrong = np.random.default_rng(11), 10, 0
    for _ in range(400):
        reference_ = study(random, 0.5, 0.2)[1]
        rivals = [study(random, 0.5, 0.2)[0] for _ in range(count)]  # all truly gain as much
        best = max(rivals, key=lambda of: delta_m_estimate(of, reference_, TASKS).mean)
        interval = delta_m_estimate(best, reference_, TASKS, 1 - 0.05 / count).interval
        assert interval is not None
        wrong += interval.low > GAIN
    assert wrong / 400 <= 0.05


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
