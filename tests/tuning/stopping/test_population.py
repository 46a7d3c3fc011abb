"""Truncation selection: who falls behind, and whose copy goes on."""

from dataclasses import replace

from lived import PBT, SEED, told

from mdml_tune.tuning.stopping.population import Population
from mdml_tune.tuning.stopping.rule import Member

QUARTER = replace(PBT, quantile=0.25)


def filled(values: tuple[float, ...] = (5.0, 7.0, 6.0)) -> Population:
    rule = Population(QUARTER, 8, SEED)
    for number, value in enumerate(values):
        told(rule, number, 2, value)
    return rule


def test_the_last_quarter_is_stopped_once_there_are_four() -> None:
    rule = Population(QUARTER, 8, SEED)
    assert [told(rule, n, 2, -float(n)) for n in range(3)] == [False, False, False]
    assert told(rule, 3, 2, -3.0)
    assert told(filled(), 3, 2, 4.9)
    assert not told(filled(), 3, 2, 5.1)  # the last is number 0, which has gone on
    # Of eight, two are behind.
    rule = filled((1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0))
    assert told(rule, 7, 2, 1.5)


def test_who_comes_too_early_is_compared_at_the_boundary_before() -> None:
    rule = Population(QUARTER, 8, SEED)
    for number in range(3):
        assert not told(rule, number, 2, float(number))  # too few to be compared
    assert not told(rule, 3, 2, 9.0)
    # The last of the four at epoch 2 was the first to come, and is so again at epoch 4.
    assert told(rule, 0, 4, 99.0)
    assert rule.judged_at("0", 4) == 2
    assert rule.donor("0", 2) == "3"
    assert not told(rule, 1, 4, -99.0)
    for number in (2, 3):
        assert not told(rule, number, 4, 0.0)
    assert rule.judged_at("1", 4) == 4


def test_a_copy_was_not_there_at_the_boundary_before() -> None:
    rule = filled((5.0, 7.0, 6.0, 8.0))
    copy = Member("copy", 9, since=2)
    assert not rule.judge(copy, 2, (-9.0,))
    assert not rule.judge(copy, 4, (-9.0,))
    assert rule.judged_at("copy", 4) is None


def test_shares_are_as_written_whatever_rounding_says() -> None:
    rule = Population(replace(PBT, quantile=0.29), 8, SEED)
    for number in range(99):
        told(rule, number, 2, float(number))
    # 0.29 x 100 is 28.999999999999996 in floating point: number 28 is the 29th, between 27 and 28.
    assert told(rule, 99, 2, 27.5)
    assert 0.29 * 100 < 29


def test_only_at_boundaries_and_not_at_the_end() -> None:
    rule = Population(QUARTER, 8, SEED)
    stops = [[told(rule, n, epoch, -float(n)) for epoch in range(1, 9)] for n in range(4)]
    assert stops[3] == [False, True, False, True, False, True, False, False]


def test_a_copy_is_not_judged_by_what_it_took_over() -> None:
    rule = filled()
    copy = Member("copy", 9, since=4)
    assert not rule.judge(copy, 2, (-9.0,))
    assert not rule.judge(copy, 4, (-9.0,))
    # ... nor are others measured against it.
    assert told(rule, 3, 2, 4.9)
    for number in range(3):
        told(rule, number, 6, 1.0)
    assert rule.judge(copy, 6, (0.0,))


def test_donors_lead() -> None:
    seen = set()
    for seed in range(30):
        rule = Population(replace(PBT, quantile=0.25), 8, seed)
        for number, value in enumerate([1.0, 9.0, 3.0, 4.0, 5.0, 6.0, 8.0]):
            told(rule, number, 2, value)
        assert told(rule, 7, 2, 0.0)
        seen.add(rule.donor("7", 2))
    assert seen == {"1", "6"}


def test_donors_do_not_depend_on_the_order_of_the_reports() -> None:
    values = {0: 1.0, 1: 9.0, 2: 8.0, 3: 7.0}
    drawn = set()
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]):
        rule = Population(PBT, 8, SEED)
        for number in order:
            told(rule, number, 2, values[number])
        drawn.add(rule.donor("0", 2))
    assert len(drawn) == 1


def test_nobody_is_its_own_donor() -> None:
    rule = Population(PBT, 8, SEED)
    told(rule, 0, 2, 1.0)
    assert rule.donor("0", 2) is None
    told(rule, 1, 2, 0.0)
    assert rule.donor("0", 2) == "1"


def test_with_several_objectives_the_dominated_fall_behind_and_the_front_leads() -> None:
    rule = Population(QUARTER, 8, SEED)
    for number, values in enumerate([(0.0, 9.0), (1.0, 1.0), (2.0, 2.0)]):
        told(rule, number, 2, *values)
    assert told(rule, 3, 2, 0.0, 0.0)
    assert rule.donor("3", 2) in {"0", "2"}
