"""Tiers: seldom wrong where nothing differs, seldom blind where something does."""

import numpy as np
import pytest

from mdml_tune.analysis.noise.tiers import Standing, standings


def drawn(
    random: np.random.Generator, gains: list[float], seeds: int = 3
) -> list[dict[int, float]]:
    """Δm of each configuration and seed: noise 0.3, and seeds that suit all or none."""
    noise = random.normal(0, 0.3, (len(gains), seeds)) + random.normal(0, 0.5, seeds)
    return [dict(enumerate(row)) for row in np.array(gains)[:, None] + noise]


def in_order(configurations: list[dict[int, float]]) -> list[int]:
    means = [sum(of.values()) / len(of) for of in configurations]
    return sorted(range(len(means)), key=lambda i: -means[i])


def test_equals_below_a_leader_are_seldom_told_apart() -> None:
    random, wrong = np.random.default_rng(4), 0
    for _ in range(500):
        configurations = drawn(random, [9.0, 0.0, 0.0, 0.0])
        found = standings([configurations[i] for i in in_order(configurations)])
        assert found[0].tier == 1
        wrong += len({standing.tier for standing in found[1:]}) > 1
    assert wrong / 500 <= 0.065


def test_tiers_go_down_from_leader_to_leader() -> None:
    noise = (0.01, -0.01, 0.0)
    levels = [5.0, 5.001, 3.0, 3.001, 1.0]
    of = [{s: v + noise[(s + i) % 3] for s in range(3)} for i, v in enumerate(levels)]
    assert [s.tier for s in standings([of[i] for i in (1, 0, 3, 2, 4)])] == [1, 1, 2, 2, 3]


def test_chance_of_being_best() -> None:
    even = standings([{0: 1.0, 1: 2.0, 2: 3.0}, {0: 3.0, 1: 2.0, 2: 1.0}])
    assert [s.p_best for s in even] == pytest.approx([0.5, 0.5], abs=0.02)
    random = np.random.default_rng(0)
    found = standings(drawn(random, [2.0, 0.0, 0.0]))
    assert sum(s.p_best or 0 for s in found) == pytest.approx(1)
    assert (found[0].p_best or 0) > 0.95
    assert found == standings(drawn(np.random.default_rng(0), [2.0, 0.0, 0.0]))


def test_missing_seeds_are_allowed_for() -> None:
    # The seeds of the second happen to be the lucky ones: seed by seed it is behind.
    lucky = {0: -1.0, 1: 5.0, 2: 5.1}
    ahead = {seed: 2.0 + value + 0.01 * (seed % 2) for seed, value in lucky.items()}
    found = standings([ahead, {1: 5.0, 2: 5.1}])
    assert (found[0].p_best or 0) > 0.9


def test_nothing_to_compare_with() -> None:
    assert standings([{0: 1.0, 1: 2.0}]) == [Standing(1.5, 1, None, 1.0)]
    assert standings([{0: 9.0}, {0: 1.0}]) == [Standing(9.0, 1, None, None), Standing(1.0, 1, None, None)]  # fmt: skip


def test_who_lost_an_unlucky_seed_does_not_come_first_for_it() -> None:
    seeds, merits = {0: 3.0, 1: 0.0, 2: -3.0}, {"a": 0.0, "b": 1.0, "c": 0.9, "d": 0.8}
    noise = (0.05, -0.05, 0.0)
    of = {
        name: {s: merit + effect + noise[(s + k) % 3] for s, effect in seeds.items()}
        for k, (name, merit) in enumerate(merits.items())
    }
    del of["a"][2]  # its mean is now the highest of all
    found = dict(zip(of, standings(list(of.values())), strict=True))
    assert max(found, key=lambda name: found[name].effect) == "b"
    assert found["a"].tier > 1


def test_configurations_without_a_common_seed() -> None:
    found = standings([{0: 9.0, 1: 9.1}, {2: 1.0, 3: 1.1}])
    assert [standing.tier for standing in found] == [1, 2]


def test_exact_repetition() -> None:
    assert [s.tier for s in standings([{0: 2.0, 1: 3.0}, {0: 1.0, 1: 2.0}])] == [1, 2]
    same = standings([{0: 2.0, 1: 3.0}, {0: 2.0, 1: 3.0}])
    assert [s.tier for s in same] == [1, 1]
    assert [s.p_best for s in same] == pytest.approx([0.5, 0.5], abs=0.01)
