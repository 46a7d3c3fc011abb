import numpy as np
import pytest

from mdml_tune.data.rooms.chance import Chance
from mdml_tune.data.rooms.paint import Pattern, material, paint

RED, BLUE = (0.8, 0.1, 0.1), (0.1, 0.1, 0.8)


def test_checks_alternate_cell_by_cell() -> None:
    checks = material(Chance(0), Pattern.CHECKS, RED, BLUE, cell=(0.5, 0.25))
    u, v = np.array([0.1, 0.6, 0.6, -0.1]), np.array([0.1, 0.1, 0.3, 0.1])
    reds = paint([checks], np.zeros(4, dtype=np.int64), u, v)[:, 0]
    assert (reds > 0.45).tolist() == [True, False, True, False]


@pytest.mark.parametrize("pattern", Pattern)
def test_every_pattern_varies_and_stays_between_its_colours(pattern: Pattern) -> None:
    stuff = material(Chance(3), pattern, RED, BLUE, cell=(0.2, 0.2))
    u, v = Chance(1).noise((2, 2000)) * 3
    colours = paint([stuff], np.zeros(2000, dtype=np.int64), u, v)
    assert colours[:, 0].std() > 0.03
    assert colours[:, [0, 2]].min() >= 0.1 - 0.05
    assert colours[:, [0, 2]].max() <= 0.8 + 0.05


@pytest.mark.parametrize("pattern", Pattern)
def test_two_surfaces_of_one_pattern_differ(pattern: Pattern) -> None:
    chance = Chance(3)
    stuffs = [material(chance, pattern, RED, BLUE) for _ in range(2)]
    u, v = Chance(1).noise((2, 500))
    first, second = (paint(stuffs, np.full(500, which), u, v) for which in (0, 1))
    assert np.abs(first - second).max() > 0.01
    both = paint(stuffs, np.arange(500) % 2, u, v)
    np.testing.assert_array_equal(both[::2], first[::2])
    np.testing.assert_array_equal(both[1::2], second[1::2])
