"""Brackets: sizes as the paper has them, and each for itself."""

from collections import Counter
from math import ceil

import pytest
from lived import told

from mdml_tune.tuning.stopping.hyperband import Hyperband, bracket_shares


def test_sizes_of_the_paper() -> None:
    """Li et al. 2018, table 1 (R = 81, eta = 3): 81, 34, 15, 8 and 5 configurations."""
    published = [81, 34, 15, 8]  # the fifth is not halved
    shares = bracket_shares(4, reduction=3)
    assert sum(shares) == pytest.approx(1)
    # The paper rounds up: 81 x 1/3 x 5/4 = 33.75, and so on.
    assert [ceil(81 * share / shares[0] - 1e-9) for share in shares] == published


def test_even_a_short_search_has_its_brackets_in_these_proportions() -> None:
    shares = bracket_shares(3, reduction=3)
    for seed in range(20):
        rule = Hyperband(grace=1, reduction=3, epochs=27, seed=seed)
        seen = Counter(rule.bracket(number) for number in range(24))
        assert [seen[b] for b in range(3)] == pytest.approx([24 * s for s in shares], abs=2)


def test_a_bracket_is_a_function_of_seed_and_number() -> None:
    def brackets(seed: int) -> list[int]:
        rule = Hyperband(grace=1, reduction=2, epochs=32, seed=seed)
        return [rule.bracket(number) for number in reversed(range(30))]

    assert brackets(1) == brackets(1)
    assert len({tuple(brackets(seed)) for seed in range(10)}) == 10


def test_brackets_begin_later_and_do_not_see_each_other() -> None:
    rule = Hyperband(grace=1, reduction=2, epochs=8, seed=0)
    by_bracket = [[n for n in range(60) if rule.bracket(n) == b] for b in range(3)]
    for numbers in by_bracket:
        assert not any(told(rule, numbers[0], epoch, 9.0) for epoch in range(1, 9))
    for numbers, begins in zip(by_bracket, (1, 2, 4), strict=True):
        stops = [told(rule, numbers[1], epoch, 0.0) for epoch in range(1, 9)]
        assert stops.index(True) + 1 == begins


def test_a_trial_shorter_than_the_grace_is_never_judged() -> None:
    rule = Hyperband(grace=8, reduction=2, epochs=8, seed=0)
    assert not any(told(rule, n, 8, float(-n)) for n in range(9))
