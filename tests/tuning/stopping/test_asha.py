"""Successive halving: cutoffs worked out by hand, at the rungs and nowhere else."""

import pytest
from lived import told

from mdml_tune.tuning.stopping.asha import Asha
from mdml_tune.tuning.stopping.rungs import Rung, rung_epochs


@pytest.mark.parametrize(
    ("grace", "reduction", "epochs", "expected"),
    [
        (1, 2, 8, [1, 2, 4]),
        (1, 2, 9, [1, 2, 4, 8]),
        (5, 3, 40, [5, 15]),
        (5, 3, 45, [5, 15]),
        (5, 3, 46, [5, 15, 45]),
        (8, 2, 8, []),
    ],
)
def test_rungs(grace: int, reduction: int, epochs: int, expected: list[int]) -> None:
    assert rung_epochs(grace, reduction, epochs) == expected


def test_the_worse_half_is_stopped_at_a_rung() -> None:
    rule = Asha(grace=1, reduction=2, epochs=8)
    assert not told(rule, 0, 1, 2.0)  # the first always goes on
    assert told(rule, 1, 1, 1.0)
    assert not told(rule, 2, 1, 3.0)
    # The median of 1, 2 and 3: a value that equals it goes on.
    assert told(rule, 3, 1, 1.9)
    assert not told(rule, 4, 1, 2.0)


def test_of_three_one_goes_on() -> None:
    rung = Rung(reduction=3)
    for key, value in enumerate([1.0, 2.0, 3.0, 4.0]):
        assert not rung.enter(str(key), (value,))
    # Two thirds of the way from the first to the last of 1, 2, 3, 4 is 3.
    assert rung.enter("below", (2.99,))
    # ... and of 1, 2, 2.99, 3, 4 it is 2.99 + 2/3 x 0.01.
    assert rung.enter("between", (2.996,))


def test_between_rungs_and_at_the_end_nobody_is_stopped() -> None:
    rule = Asha(grace=2, reduction=2, epochs=8)
    assert not any(told(rule, 0, epoch, 9.0) for epoch in range(1, 9))
    stops = [told(rule, 1, epoch, 0.0) for epoch in range(1, 9)]
    assert [epoch for epoch, stopped in enumerate(stops, start=1) if stopped] == [2, 4]


def test_a_report_without_values_is_made_up_for_by_the_next() -> None:
    rule = Asha(grace=2, reduction=2, epochs=8)
    assert not told(rule, 0, 2, 1.0)
    assert told(rule, 1, 3, 0.0)


def test_a_trial_that_was_stopped_counts_at_its_rung() -> None:
    rule = Asha(grace=1, reduction=2, epochs=8)
    told(rule, 0, 1, 4.0)
    assert told(rule, 1, 1, 0.0)
    assert not told(rule, 2, 1, 2.0)  # the median of 0 and 4
    assert told(rule, 3, 1, 1.9)


def test_with_several_objectives_the_front_goes_on() -> None:
    rule = Asha(grace=1, reduction=2, epochs=8)
    assert not told(rule, 0, 1, 0.0, 3.0)
    assert not told(rule, 1, 1, 3.0, 0.0)  # better in the other objective
    assert told(rule, 2, 1, -1.0, 2.0)  # the first is better in both
    assert not told(rule, 3, 1, 4.0, 4.0)


def test_on_one_front_the_crowded_are_stopped() -> None:
    def entered(value: float) -> bool:
        return rung.enter(str(value), (value, 10 - value))

    rung = Rung(reduction=2)
    for value in (0.0, 10.0, 9.5, 9.0, 3.0):
        entered(value)
    assert not entered(5.0)  # between 3 and 9 is more room than 3 has, which is third
    assert entered(9.2)
    assert entered(4.0)  # more room than at 9.2, but less than the better half has
    assert not entered(11.0)  # a new end
