"""Holm's correction against values by hand and the law that it stands for."""

import numpy as np
import pytest

from mdml_tune.analysis.noise.holm import holm


def test_by_hand() -> None:
    # Ordered: 0.01 x 4, 0.02 x 3, 0.03 x 2 = 0.06, and 0.04 x 1 is raised to it.
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])


def test_one_test_needs_no_correction() -> None:
    assert holm([0.03]) == [0.03]
    assert holm([]) == []


def test_never_above_one_and_never_below_what_was_given() -> None:
    random = np.random.default_rng(0)
    for _ in range(100):
        p_values = list(random.random(6))
        adjusted = holm(p_values)
        assert all(p <= q <= 1 for p, q in zip(p_values, adjusted, strict=True))
        assert np.argsort(p_values, kind="stable").tolist() == sorted(
            range(6), key=lambda i: (adjusted[i], p_values[i])
        )


def test_false_findings_stay_below_the_level() -> None:
    random = np.random.default_rng(1)
    false = [min(holm(list(random.random(5)))) <= 0.05 for _ in range(4000)]
    assert 0.03 < np.mean(false) < 0.06
