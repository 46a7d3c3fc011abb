import random

import pytest

from mdml_tune.analysis.importance import FEWEST, MOST, explained, importances
from mdml_tune.analysis.parameters import Column

NOISE = random.Random(0)


def drawn(name: str, count: int) -> Column:
    return Column(name, tuple(NOISE.random() for _ in range(count)))


def test_a_value_worked_out_by_hand() -> None:
    """Option a in the best 5 of 15 alone: Optuna's smoothed densities, best against all.

    Best: (5 * 0.75 + 0.5) / 6 = 0.7083 of a; all: (5 * 0.8 + 10 * 0.2 + 0.5) / 16 = 0.40625.
    Pearson's divergence is then 0.3782, and a third of the configurations halves it.
    """
    options = Column("option", ("a",) * 5 + ("b",) * 10)
    gains = [float(-place) for place in range(15)]
    assert explained([options], gains)["option"] == pytest.approx(18.91, abs=0.01)


def test_chance_against_counting() -> None:
    """Of 5 a's among 15, two or fewer in the best 5 have 83 %, five 0.03 %: chance lies between."""

    def option(among_the_best: int) -> Column:
        best = "a" * among_the_best + "b" * (5 - among_the_best)
        return Column("option", (*best, *"a" * (5 - among_the_best), *"b" * (5 + among_the_best)))

    gains = [-float(place) for place in range(15)]
    (found,) = importances([option(5)], gains)
    assert explained([option(2)], gains)["option"] < found.chance < found.explained


def test_what_decides_stands_first_and_beyond_chance() -> None:
    decisive = Column("decisive", tuple(-float(place) for place in range(40)))
    found = importances([drawn("noise", 40), decisive], [-float(place) for place in range(40)])
    assert [one.name for one in found] == ["decisive", "noise"]
    assert found[0].times_chance > 3
    assert found[1].times_chance < 1
    assert 50 < found[0].explained <= 100
    assert found[0].configurations == 40


def test_an_option_that_decides_is_not_hidden_by_a_number_that_does_not() -> None:
    option = Column("option", tuple("good" if place < 12 else "bad" for place in range(30)))
    numbers = [drawn(f"noise {index}", 30) for index in range(3)]
    assert (
        importances([*numbers, option], [-float(place) for place in range(30)])[0].name == "option"
    )


def test_chance_passes_once_in_twenty() -> None:
    """Of 40 parameters that do nothing 2 are expected; 7 or more happen once in 200 times."""
    gains = [NOISE.gauss(0, 1) for _ in range(24)]
    noise = [drawn(str(index), 24) for index in range(30)]
    options = [Column(f"o{i}", tuple(NOISE.choice("abc") for _ in range(24))) for i in range(10)]
    passed = sum(one.times_chance > 1 for one in importances([*noise, *options], gains))
    assert passed < 7


def test_only_the_order_of_gains_counts() -> None:
    column = drawn("a", 20)
    gains = [NOISE.gauss(0, 1) for _ in range(20)]
    other = [2.0**gain for gain in gains]
    assert explained([column], gains) == explained([column], other)


def test_a_parameter_is_judged_among_those_that_have_it() -> None:
    gains = [NOISE.gauss(0, 1) for _ in range(40)]
    some = tuple(float(place) if place % 2 else None for place in range(40))
    few = tuple(float(place) if place < FEWEST - 1 else None for place in range(40))
    found = importances([Column("some", some), Column("few", few)], gains)
    assert [(one.name, one.configurations) for one in found] == [("some", 20)]
    alone = Column("some", tuple(value for value in some if value is not None))
    assert explained([alone], gains[1::2])["some"] == pytest.approx(found[0].explained)


def test_of_very_many_evenly_spaced_ones_speak() -> None:
    values = tuple(NOISE.random() for _ in range(4 * MOST))
    gains = [NOISE.gauss(value, 1) for value in values]
    all_of_them = explained([Column("a", values)], gains)
    assert all_of_them == explained([Column("a", values[::4])], gains[::4])


def test_whole_numbers_logs_and_a_value_that_never_changes() -> None:
    whole = Column("whole", tuple(place % 7 for place in range(20)))
    log = Column("log", tuple(10.0 ** -(place % 5) for place in range(20)), is_log=True)
    gains = [NOISE.gauss(0, 1) for _ in range(20)]
    assert set(explained([whole, log], gains)) == {"whole", "log"}
    flat = importances([whole], [1.0] * 20)  # no one is better than any other
    assert [one.times_chance for one in flat] == [0.0]


def test_nothing_to_judge() -> None:
    assert importances([], [1.0] * 20) == []
