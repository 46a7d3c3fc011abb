"""The median rule: a best value against the median of the others' running means."""

from lived import told

from mdml_tune.tuning.stopping.median import Median


def course(rule: Median, number: int, *values: float) -> list[bool]:
    return [told(rule, number, epoch, value) for epoch, value in enumerate(values, start=1)]


def test_worked_out_by_hand() -> None:
    rule = Median(grace=2, min_trials=3, epochs=9)
    course(rule, 0, 0.0, 4.0)  # running mean up to the second epoch: 2
    course(rule, 1, 6.0, 0.0)  # 3
    course(rule, 2, 5.0, 5.0)  # 5
    assert course(rule, 3, 2.9, 1.0) == [False, True]  # median 3; its best is 2.9
    # Now of 1.95, 2, 3, 5 the median is 2.5.
    assert course(rule, 4, 2.4, 2.4) == [False, True]
    # Of 1.95, 2, 2.4, 3, 5 it is 2.4: equal is not below; and the best counts, not the last.
    assert course(rule, 5, 2.4, -9.0) == [False, False]


def test_its_own_course_is_not_among_the_others() -> None:
    rule = Median(grace=1, min_trials=1, epochs=9)
    course(rule, 0, 3.0)
    assert course(rule, 1, 2.9) == [True]


def test_only_those_that_came_as_far_count() -> None:
    rule = Median(grace=1, min_trials=2, epochs=9)
    course(rule, 0, 5.0, 5.0)
    course(rule, 1, 5.0)
    assert course(rule, 2, 5.0, 0.0) == [False, False]
    rule = Median(grace=1, min_trials=2, epochs=9)
    course(rule, 0, 1.0, 5.0)
    course(rule, 1, 1.0, 5.0)
    assert course(rule, 2, 1.0, 1.0) == [False, True]


def test_too_few_others_judge_nobody() -> None:
    rule = Median(grace=1, min_trials=2, epochs=9)
    course(rule, 0, 5.0)
    assert course(rule, 1, 0.0) == [False]
    assert course(rule, 2, 0.0) == [True]


def test_grace() -> None:
    rule = Median(grace=3, min_trials=1, epochs=9)
    course(rule, 0, 5.0, 5.0, 5.0)
    assert course(rule, 1, 0.0, 0.0, 0.0) == [False, False, True]


def test_with_several_objectives_it_must_be_behind_in_each() -> None:
    rule = Median(grace=1, min_trials=1, epochs=9)
    told(rule, 0, 1, 5.0, 5.0)
    assert not told(rule, 1, 1, 0.0, 5.0)
    rule = Median(grace=1, min_trials=1, epochs=9)
    told(rule, 0, 1, 5.0, 5.0)
    assert told(rule, 1, 1, 4.0, 4.9)
