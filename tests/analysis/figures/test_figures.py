"""Figures are tested as numbers; drawing them must merely work."""

from itertools import groupby

import pytest
import synthetic
from synthetic import baselines, confirmed, searched, study

from mdml_tune.analysis.figures.anytime import anytime, draw_anytime
from mdml_tune.analysis.figures.catalogue import CATALOGUE, Chapter
from mdml_tune.analysis.figures.crowd import drawn_of
from mdml_tune.analysis.figures.curves import draw_learning_curves, learning_curves
from mdml_tune.analysis.figures.gap import draw_gaps, gaps
from mdml_tune.analysis.figures.parallel import (
    INACTIVE,
    draw_parallel_coordinates,
    parallel_coordinates,
)
from mdml_tune.analysis.figures.single_task import delta_m_band, metric_band
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
    assert [leader.config_id for leader in found.leaders] == ["c1", "c3"]
    assert [leader.hours for leader in found.leaders] == pytest.approx([30 * hours, 34 * hours])
    assert [leader.delta_m for leader in found.leaders] == pytest.approx([1.0, 3.0])
    assert found.end == pytest.approx(37 * hours)


def test_anytime_counts_gpus_if_there_are_any() -> None:
    found = anytime(subject_of(study(searched("c1", 1.0, gpus=0.5))))
    assert found is not None
    assert (found.unit, found.baselines) == ("GPU-hours", 0.0)
    assert (found.leaders[0].hours, found.end) == pytest.approx((0.025, 0.025))


def test_learning_curves() -> None:
    of = study(*(searched(f"c{i}", float(i)) for i in range(7)), confirmed("c0", 9.0, 1))
    found = learning_curves(subject_of(of), top=2)
    assert found is not None
    first, second = found.delta_m.curves
    assert (first.config_id, second.config_id) == ("c0", "c6")
    assert second.points[-1] == (3.0, 6.0)
    assert first.points[-1] == (3.0, 0.0)  # the searched trial, not the confirming one
    assert [curve.config_id for curve in found.others] == ["c5", "c4", "c3", "c2", "c1"]
    depth = found.metrics[METRICS[Task.DEPTH][0]]
    assert depth.curves[1].points[-1] == pytest.approx((3.0, 0.60 * 0.94))


def test_each_learning_curve_is_drawn_once() -> None:
    of = study(
        searched("c1", 1.0, status=Status.FAILED),
        searched("c2", 2.0, status=Status.RUNNING),
        searched("c3", 3.0, status=Status.RUNNING),
    )
    found = learning_curves(subject_of(of), top=2)
    assert found is not None
    drawn = [curve.config_id for curve in (*found.delta_m.curves, *found.others)]
    assert sorted(drawn) == ["c1", "c2", "c3"]


def test_band_of_the_single_task_networks() -> None:
    of = study(searched("c1", 1.0), references=baselines(factors=(0.98, 1.0, 1.02)))
    depth = metric_band(of, METRICS[Task.DEPTH][0])
    assert (depth.mean, depth.low, depth.high) == pytest.approx((0.6, 0.588, 0.612))
    band = delta_m_band(of)
    # 2 % in every metric: a loss in depth, one third of the gains in segmentation and normals
    normals = (2 * -2 + 3 * 2) / 5
    assert band.high == pytest.approx((2 - 2 + normals) / 3)
    assert band.low == pytest.approx(-band.high)
    assert band.mean == 0.0
    alone = delta_m_band(study(searched("c1", 1.0), references=baselines(factors=(1.0,))))
    assert (alone.low, alone.high) == pytest.approx((0.0, 0.0))


@pytest.mark.parametrize(
    ("count", "best", "most"), [(5, 2, 10), (300, 100, 300), (301, 100, 300), (2000, 0, 150)]
)
def test_of_a_crowd_the_best_and_an_even_sample_are_drawn(count: int, best: int, most: int) -> None:
    places = drawn_of(count, best, most)
    assert places == sorted(set(places))
    assert len(places) == min(count, most)
    assert places[:best] == list(range(min(best, count)))
    assert max(places) < count
    steps = [b - a for a, b in zip(places[best:], places[best + 1 :], strict=False)]
    assert max(steps, default=1) - min(steps, default=1) <= 1


def test_marks_say_which_configuration() -> None:
    of = subject_of(synthetic.rich_study(count=12, epochs=3))
    labels = {row.config_id: row.label for row in of.rows}
    for entry in CATALOGUE:
        figure = entry.draw(of)
        for marks in () if figure is None else figure.marks.values():
            for mark in marks:
                assert mark.text.strip(), entry.name
                assert mark.config_id is None or mark.config_id in labels
    curves = draw_learning_curves(learning_curves(of) or pytest.fail("no curves"))
    told = {mark.text.splitlines()[0] for marks in curves.marks.values() for mark in marks}
    assert told <= set(labels.values())


def test_figures_stand_chapter_by_chapter() -> None:
    chapters = [chapter for chapter, _ in groupby(entry.chapter for entry in CATALOGUE)]
    assert chapters == list(Chapter)
    names = [entry.name for entry in CATALOGUE]
    assert len(names) == len(set(names))


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


def test_parallel_coordinates_say_of_which_epoch_they_are() -> None:
    (entry,) = (entry for entry in CATALOGUE if entry.name == "parallel_coordinates")
    assert "stopped early" in entry.caption
    assert "Δm of their last epoch" in entry.caption


def test_gaps() -> None:
    of = study(*(confirmed("c1", 0.0, seed, gap=0.01 * seed) for seed in (1, 2)))
    found = gaps(subject_of(of))
    assert found is not None
    single, configuration = found.rows
    assert single.config_id is None
    assert single.of_seeds == pytest.approx({0: 5.0, 1: 5.0, 2: 5.0})
    assert configuration.of_seeds == pytest.approx({1: 1.0, 2: 2.0})


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


@pytest.mark.parametrize("kind", ["png", "pdf", "svg"])
def test_every_figure_can_be_drawn_and_is_the_same_twice(kind: str) -> None:
    of = synthetic.rich_study(count=12, epochs=3)
    figures = [
        (anytime(subject_of(of)), draw_anytime),
        (learning_curves(subject_of(of)), draw_learning_curves),
        (parallel_coordinates(subject_of(of)), draw_parallel_coordinates),
        (gaps(subject_of(of)), draw_gaps),
    ]
    for numbers, draw in figures:
        assert numbers is not None
        first = encode(draw(numbers), kind)
        assert first[:4] in {b"\x89PNG", b"%PDF", b"<?xm"}
        assert encode(draw(numbers), kind) == first
