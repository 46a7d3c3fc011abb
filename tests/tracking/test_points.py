"""Batches: whole epochs, as many as fit."""

from hypothesis import given
from hypothesis import strategies as st

from mdml_tune.records import EpochReport
from mdml_tune.tracking.points import batches, non_finite
from mdml_tune.tracking.points import test_points as points_of_test


def _reports(sizes: list[int]) -> list[EpochReport]:
    return [
        EpochReport(epoch, epoch * 10, {f"m{i}": float(i) for i in range(size)})
        for epoch, size in enumerate(sizes, start=1)
    ]


@given(st.lists(st.integers(0, 25), max_size=12), st.integers(1, 20))
def test_batches_hold_everything_in_order_and_know_what_is_complete(sizes, limit) -> None:
    reports = _reports(sizes)
    made = list(batches(reports, limit))
    points = [point for batch in made for point in batch.points]
    assert [p.step for p in points] == [r.epoch for r in reports for _ in r.metrics]
    assert all(len(batch.points) <= limit for batch in made)
    sent = 0
    for batch in made:
        sent += len(batch.points)
        assert sent >= sum(sizes[: batch.epochs])  # never called complete before it is
    if reports:
        assert made[-1].epochs == len(sizes)


def test_as_few_batches_as_fit() -> None:
    assert [(len(b.points), b.epochs) for b in batches(_reports([4, 4, 4, 4]), 9)] == [
        (8, 2),
        (8, 4),
    ]
    assert list(batches([])) == []


def test_a_test_score_stands_at_the_last_epoch() -> None:
    [point] = points_of_test({"depth/abs_err": 0.5}, EpochReport(7, 123, {}))
    assert point == ("test/depth/abs_err", 0.5, 123, 7)


def test_what_was_not_finite_once_is_named() -> None:
    reports = [EpochReport(1, 0, {"a": float("nan"), "b": 1.0}), EpochReport(2, 0, {"a": 1.0})]
    assert non_finite(reports, {"x": float("inf")}) == ["a", "test/x"]
