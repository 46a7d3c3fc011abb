"""Figures are tested as numbers; drawing them must merely work."""

import pytest
import synthetic
from synthetic import baselines, confirmed, searched, study

from mdml_tune.analysis.figures.anytime import anytime, draw_anytime
from mdml_tune.analysis.figures.curves import draw_learning_curves, learning_curves
from mdml_tune.analysis.figures.gap import draw_gaps, gaps
from mdml_tune.analysis.figures.parallel import (
    INACTIVE,
    draw_parallel_coordinates,
    parallel_coordinates,
)
from mdml_tune.analysis.figures.style import encode
from mdml_tune.analysis.subject import subject_of
from mdml_tune.records import Status
from mdml_tune.tasks import METRICS, Task


def test_anytime_counts_every_hour_and_only_finished_trials() -> None:
    of = study(
        searched("c1", 1.0, number=1),
        searched("c2", 50.0, number=2, epochs=1, status=Status.PRUNED),
        searched("c3", 3.0, number=3),
        searched("c4", 2.0, number=4),
    )
    found = anytime(subject_of(of))
    assert found is not None
    hours = 1 / 60
    assert found.unit == "trial-hours"
    assert found.baselines == pytest.approx(27 * hours)  # 9 networks, 3 minutes each
    assert found.hours == pytest.approx([30 * hours, 34 * hours, 37 * hours])
    assert found.best == pytest.approx([1.0, 3.0, 3.0])


def test_anytime_counts_gpus_if_there_are_any() -> None:
    found = anytime(subject_of(study(searched("c1", 1.0, gpus=0.5))))
    assert found is not None
    assert (found.unit, found.baselines) == ("GPU-hours", 0.0)
    assert found.hours == pytest.approx([0.025, 0.025])


def test_learning_curves() -> None:
    of = study(*(searched(f"c{i}", float(i)) for i in range(7)), confirmed("c0", 9.0, 1))
    found = learning_curves(subject_of(of), top=2)
    assert found is not None
    assert list(found.delta_m) == ["c0", "c6"]
    assert found.delta_m["c6"][-1] == (3.0, 6.0)
    assert found.delta_m["c0"][-1] == (3.0, 0.0)  # the searched trial, not the confirming one
    assert len(found.others) == 5
    depth = METRICS[Task.DEPTH][0]
    assert found.single_task[depth] == 0.60
    assert found.metrics[depth]["c6"][-1] == pytest.approx((3.0, 0.60 * 0.94))


def test_parallel_coordinates() -> None:
    settings = [
        {"log": 0.01, "even": 2, "kind": "b", "same": 1, "sub": None, "flag": True},
        {"log": 0.1, "even": 3, "kind": "a", "same": 1, "sub": 0.5, "flag": False},
        {"log": 1.0, "even": 4, "kind": "b", "same": 1, "flag": True},
    ]
    of = study(*(searched(f"c{i}", -float(i), parameters=p) for i, p in enumerate(settings)))
    found = parallel_coordinates(subject_of(of))
    assert found is not None
    axes = {axis.name: axis for axis in found.axes}
    assert list(axes) == ["log", "even", "kind", "sub", "flag"]  # what never varies says nothing
    assert axes["log"].log
    assert axes["log"].positions == pytest.approx((0, 0.5, 1))
    assert not axes["even"].log
    assert axes["even"].positions == pytest.approx((0, 0.5, 1))
    assert axes["kind"].positions == (1, 0, 1)
    assert axes["sub"].positions == (INACTIVE, 0.5, INACTIVE)
    assert axes["flag"].ticks == ((0.0, "False"), (1.0, "True"))
    assert found.delta_m == pytest.approx((0.0, -1.0, -2.0))


def test_gaps() -> None:
    of = study(*(confirmed("c1", 0.0, seed, gap=0.01 * seed) for seed in (1, 2)))
    found = gaps(subject_of(of))
    assert found is not None
    assert found.of_rows["single-task"] == pytest.approx((5.0, 5.0, 5.0))
    assert found.of_rows["c1"] == pytest.approx((1.0, 2.0))


def test_nothing_to_show() -> None:
    empty = study()
    assert anytime(subject_of(empty)) is None
    assert learning_curves(subject_of(empty)) is None
    assert parallel_coordinates(subject_of(empty)) is None
    assert gaps(subject_of(empty)) is None
    lone = study(searched("c1", 1.0), searched("c2", 2.0))
    assert parallel_coordinates(subject_of(lone)) is None  # no parameters
    failed = study(searched("c1", 0, status=Status.FAILED), references=baselines())
    assert anytime(subject_of(failed)) is None
    assert learning_curves(subject_of(failed)) is None


@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_every_figure_can_be_drawn_and_is_the_same_twice(kind: str) -> None:
    of = synthetic.rich_study(count=12, epochs=3)
    drawn = [
        (anytime(subject_of(of)), draw_anytime),
        (learning_curves(subject_of(of)), draw_learning_curves),
        (parallel_coordinates(subject_of(of)), draw_parallel_coordinates),
        (gaps(subject_of(of)), draw_gaps),
    ]
    for numbers, draw in drawn:
        assert numbers is not None
        first = encode(draw(numbers), kind)
        assert first[:4] in {b"\x89PNG", b"%PDF"}
        assert encode(draw(numbers), kind) == first
