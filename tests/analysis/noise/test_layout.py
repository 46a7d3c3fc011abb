"""Two linear models of one table, by hand and against SciPy."""

import numpy as np
import pytest
from scipy import stats

from mdml_tune.analysis.noise.layout import layout_of

THREE_BY_THREE = ((0, 1, 2),) * 3


def layout(seeds: tuple[tuple[int, ...], ...]):
    found = layout_of(seeds)
    assert found is not None
    return found


def test_degrees_of_freedom() -> None:
    found = layout(THREE_BY_THREE)
    assert found.plain.freedom == 6  # 9 observations, 3 configurations
    assert found.seeded is not None
    assert found.seeded.freedom == 4  # and 2 for the seeds


def test_noise_is_the_mean_of_the_variances_of_the_configurations() -> None:
    scores = np.random.default_rng(0).normal(size=(3, 3))
    plain, _, _ = layout(THREE_BY_THREE).fits(scores.reshape(1, 9))
    assert plain.variance_N[0] == pytest.approx(scores.var(axis=1, ddof=1).mean())
    assert plain.effects_NC[0] == pytest.approx(scores.mean(axis=1))


def test_two_configurations_within_seeds_are_a_paired_t_test() -> None:
    scores = np.random.default_rng(0).normal(size=(2, 4))
    _, seeded, _ = layout(((0, 1, 2, 3),) * 2).fits(scores.reshape(1, 8))
    assert seeded is not None
    gain = seeded.effects_NC[0, 0] - seeded.effects_NC[0, 1]
    of = seeded.model.covariance_CC
    error = np.sqrt((of[0, 0] + of[1, 1] - 2 * of[0, 1]) * seeded.variance_N[0])
    expected = stats.ttest_rel(scores[0], scores[1])
    assert seeded.model.freedom == expected.df == 3
    assert gain / error == pytest.approx(expected.statistic)


def test_seeds_are_taken_out_where_they_matter() -> None:
    random = np.random.default_rng(0)
    noise = 0.3 * random.normal(size=(200, 3, 3))
    shared = noise + 3 * random.normal(size=(200, 1, 3))
    found = layout(THREE_BY_THREE)
    assert found.fits(noise.reshape(200, 9))[2].mean() < 0.05  # 2 %
    assert found.fits(shared.reshape(200, 9))[2].mean() > 0.8


def test_seeds_that_some_lack() -> None:
    # By least squares the second configuration, which had the two lucky seeds, is behind by 1.
    found = layout(((0, 1, 2), (1, 2)))
    scores = np.array([[-1.0, 5.0, 5.2, 4.0, 4.2]])
    plain, seeded, _ = found.fits(scores)
    assert seeded is not None
    assert seeded.effects_NC[0, 0] - seeded.effects_NC[0, 1] == pytest.approx(1.0)
    assert plain.effects_NC[0, 0] - plain.effects_NC[0, 1] < -1


def test_configurations_without_a_common_seed_have_the_plain_model_alone() -> None:
    found = layout(((0, 1), (2, 3)))
    assert (found.plain.freedom, found.seeded) == (2, None)


def test_no_trace_of_noise() -> None:
    assert layout_of(((0,), (0,))) is None
