"""p values that hold what they promise when the truth is known."""

import numpy as np
import pytest
from known_truth import SHARED, ahead, best, best_is_found, drawn, false_win, table
from scipy import stats

from mdml_tune.analysis.noise.equality import table_of


@pytest.mark.parametrize("shared", SHARED)
@pytest.mark.parametrize(("count", "seeds"), [(2, 2), (2, 3), (3, 3), (5, 3), (3, 5)])
def test_false_wins(count: int, seeds: int, shared: float) -> None:
    random = np.random.default_rng(3)
    wins = [false_win(random, count, seeds, shared) for _ in range(1500)]
    assert np.mean(wins) <= 0.064  # 5 %, and two and a half standard errors of 1500 draws


@pytest.mark.parametrize(("count", "seeds", "power"), [
    (2, 3, 0.8), (3, 3, 0.8), (5, 3, 0.8), (2, 5, 0.95), (3, 5, 0.95), (5, 5, 0.95),
])  # fmt: skip
def test_a_gain_of_a_point_is_found(count: int, seeds: int, power: float) -> None:
    random = np.random.default_rng(5)
    found = [best_is_found(random, count, seeds, shared=0.0) for _ in range(1500)]
    assert np.mean(found) >= power


def test_where_seeds_matter_comparing_within_them_finds_what_is_there() -> None:
    random, found = np.random.default_rng(6), 0
    for _ in range(300):
        scores = drawn(random, [1.0, 0.0, 0.0, 0.0], 5, shared=1.0)
        found += best(scores) == 0 and max(ahead(scores).values()) <= 0.05
    assert found / 300 > 0.95  # the plain model alone finds less than half of them


def test_holm_would_be_wrong_for_a_leader_picked_by_looking() -> None:
    """Why ``p_ahead`` is not Holm's correction of the comparisons with the leader."""
    random, by_holm = np.random.default_rng(7), 0
    for _ in range(600):
        scores = drawn(random, [0.0] * 8, 5, shared=0.0)
        of, leader = table(scores), best(scores)
        p_values = [of.p_different(leader, i) for i in range(8) if i != leader]
        by_holm += min(p_values) * 7 <= 0.05
    assert by_holm / 600 > 0.1


def test_two_named_configurations_are_compared_as_by_a_t_test() -> None:
    random = np.random.default_rng(8)
    scores = drawn(random, [0.6, 0.0], 4, shared=0.0)
    of = table(scores)
    assert not of.seeds_matter
    plain = stats.ttest_ind(list(scores[0].values()), list(scores[1].values()))
    # A little larger, because seeds might have been taken out.
    assert plain.pvalue < of.p_different(0, 1) < plain.pvalue + 0.02
    assert of.p_different(0, 1) == of.p_different(1, 0)


def test_p_grows_from_the_last_to_the_next() -> None:
    random = np.random.default_rng(9)
    scores = drawn(random, [2.0, 1.5, 1.0, 0.5], 3, shared=0.0)
    p_of = table(scores).p_ahead(0, [1, 2, 3])
    assert p_of[3] <= p_of[2] <= p_of[1]


def test_the_same_networks_under_two_names_say_nothing_more_about_noise() -> None:
    random = np.random.default_rng(10)
    one, other = drawn(random, [0.8, 0.0], 3, shared=0.0)
    assert table([one, other, dict(other)]).p_ahead(0, [1, 2])[1] == table(
        [one, other]
    ).p_ahead(0, [1])[1]  # fmt: skip
    assert table([one, other, dict(other)]).p_different(1, 2) == 1


def test_exact_repetition_is_no_accident() -> None:
    apart = table([{0: 2.0, 1: 2.0}, {0: 1.0, 1: 1.0}])
    assert apart.p_ahead(0, [1])[1] == 0
    assert apart.p_different(1, 0) == 0


def test_one_seed_each_says_nothing_about_noise() -> None:
    assert table_of([{0: 2.0}, {0: 1.0}]) is None
