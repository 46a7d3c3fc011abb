"""Figures about parameters and trade-offs, as numbers; drawing them must merely work."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import synthetic
from synthetic import SINGLE, TASKS, baseline, confirmed, scores, searched, study

from mdml_tune.analysis.figures import contours as contours_module
from mdml_tune.analysis.figures.contours import NEAR, contours, draw_contours, smoothed
from mdml_tune.analysis.figures.cost import costs, draw_costs
from mdml_tune.analysis.figures.crowd import BEST, MOST
from mdml_tune.analysis.figures.front import competing_pairs, draw_front, edge, front
from mdml_tune.analysis.figures.importance import draw_importance, importance
from mdml_tune.analysis.figures.points import scatter
from mdml_tune.analysis.figures.scales import log_ticks
from mdml_tune.analysis.figures.slices import draw_slices, slices, spread
from mdml_tune.analysis.figures.style import Drawing, Mark, encode, new_figure
from mdml_tune.analysis.subject import Subject, subject_of
from mdml_tune.records import EpochReport, Status, StudyRecord, TrialRecord
from mdml_tune.tasks import METRICS, Task

RICH = subject_of(synthetic.rich_study(40, epochs=6))


def drawings() -> list[Drawing]:
    pairs: list[tuple[Callable[[Subject], object], Callable[..., Drawing]]] = [
        (importance, draw_importance), (slices, draw_slices), (contours, draw_contours),
        (front, draw_front), (costs, draw_costs),
    ]  # fmt: skip
    return [draw(_numbers(numbers)) for numbers, draw in pairs]


@cache
def _numbers(of: Callable[[Subject], object]) -> object:
    found = of(RICH)
    assert found is not None
    return found


def gaining(config_id: str, **gains: float) -> TrialRecord:
    """A searched trial with a gain of its own in each task."""
    final = {m.path: scores(gains[t])[m.path] for t in TASKS for m in METRICS[t]}
    report = EpochReport(1, 1000, {f"val/{path}": value for path, value in final.items()})
    return replace(searched(config_id, 0.0, epochs=1), history=(report,))


# Importance


def test_importance_says_who_has_a_parameter() -> None:
    found = importance(RICH)
    assert found is not None
    assert found.configurations == 25
    assert found.judged[0].name == "method"  # what rich_study is made from
    assert {one.name: one.configurations for one in found.judged}["mutual.weight.depth"] == 12
    assert found.too_few == (("scd.grouping_threshold", 6),)


def test_importance_wants_enough_configurations_of_one_length() -> None:
    trials = [searched(f"c{i}", float(i), parameters={"a": i / 9}) for i in range(9)]
    stopped = [
        replace(searched(f"p{i}", float(i), parameters={"a": i / 9}), status=Status.PRUNED)
        for i in range(9)
    ]
    assert importance(subject_of(study(*trials, *stopped))) is None
    tenth = searched("c9", 9.0, parameters={"a": 1.0})
    assert importance(subject_of(study(*trials, tenth))) is not None


# Slices


def test_slices() -> None:
    trials = [
        searched(
            f"c{i}", -float(i), parameters={"a": i, "kind": "xy"[i % 2], "name": f"n{i}"} |
            ({"rare": i} if i < 4 else {}),
        )
        for i in range(6)
    ]  # fmt: skip
    stopped = searched("p", 50.0, parameters={"a": 9}, status=Status.PRUNED)
    found = slices(subject_of(study(*trials, stopped)))
    assert found is not None
    assert [row.config_id for row in found.rows] == [f"c{i}" for i in range(6)]
    assert [column.name for column in found.parameters] == ["a", "kind"]  # a name is no setting
    assert found.too_few == ("rare",)
    assert found.stopped == 1


def test_points_of_an_option_are_spread_beside_it() -> None:
    found = spread(50)
    assert np.abs(found).max() <= 0.25
    assert np.diff(np.sort(found)).max() < 0.05  # no gap
    assert np.diff(np.sort(found)).min() > 0.001  # no two in one place
    assert list(found[:10]) == list(spread(10))


def test_log_ticks() -> None:
    assert log_ticks(0.05, 4.0) == pytest.approx([0.1, 0.3, 1, 3])
    assert log_ticks(1e-5, 0.5) == pytest.approx([1e-5, 1e-4, 1e-3, 1e-2, 1e-1])
    assert log_ticks(0.4, 0.8) == [0.4, 0.8]  # none between: its ends


# Contours


def test_contours_takes_the_two_numbers_that_explain_most() -> None:
    random = np.random.default_rng(0)
    a, b, c = random.random((3, 60))
    trials = [
        searched(
            f"c{i}", 5 * (a[i] + b[i]),
            parameters={"c": float(c[i]), "a": float(a[i]), "kind": "xy"[i % 2], "b": float(b[i])},
        )
        for i in range(60)
    ]  # fmt: skip
    found = contours(subject_of(study(*trials)))
    assert found is not None
    assert (found.x.name, found.y.name) == ("a", "b")
    assert found.surface[-5, -5] > found.surface[5, 5] + 3  # both high, both low
    gains = [row.delta_m for row in found.rows]
    assert gains == sorted(gains, key=lambda gain: -(gain or 0.0))


def test_contours_wants_enough_configurations_that_have_both() -> None:
    def of(count: int) -> StudyRecord:
        both = [searched(f"c{i}", float(i), parameters={"a": i, "b": i**2}) for i in range(count)]
        one = [searched(f"d{i}", float(i), parameters={"a": i}) for i in range(20)]
        return study(*both, *one)

    assert contours(subject_of(of(contours_module.FEWEST - 1))) is None
    found = contours(subject_of(of(contours_module.FEWEST)))
    assert found is not None
    assert len(found.rows) == contours_module.FEWEST
    assert len(found.y.values) == contours_module.FEWEST


def test_a_smoothed_surface_stays_within_what_was_measured() -> None:
    random = np.random.default_rng(0)
    points = random.random((30, 2)) * [1.0, 0.2]
    surface, support = smoothed(points, np.full(30, 3.0))
    assert surface == pytest.approx(np.full(surface.shape, 3.0))
    gains = random.normal(size=30)
    surface, _ = smoothed(points, gains)
    assert gains.min() <= surface.min()
    assert surface.max() <= gains.max()
    assert support[0].min() > NEAR  # along the points
    assert support[-1].max() < NEAR  # far above them


def test_a_surface_has_x_along_its_columns() -> None:
    points = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    surface, _ = smoothed(points, np.array([0.0, 0.0, 1.0, 1.0]))  # the gain is x
    assert surface[:, 0].max() < 0.1
    assert surface[:, -1].min() > 0.9


# Front


def test_front() -> None:
    found = front(
        subject_of(
            study(
                gaining("c1", segmentation=4, depth=1, normals=1),
                gaining("c2", segmentation=1, depth=3, normals=1),
                gaining("c3", segmentation=0, depth=0, normals=0),
                replace(gaining("c4", segmentation=9, depth=9, normals=9), status=Status.PRUNED),
                confirmed("c1", 2.0, 1000),
            )
        )
    )
    assert found is not None
    assert found.objectives == ("delta_m/segmentation", "delta_m/depth", "delta_m/normals")
    assert [row.config_id for row in found.on_front] == ["c1", "c2"]
    assert [row.config_id for row in found.beaten] == ["c3"]
    assert [(row.config_id, row.split) for row in found.confirmed] == [("c1", "test")]
    assert {row.split for row in found.on_front} == {"val"}
    assert len(found.pairs) == 3


def test_front_of_the_objectives_that_were_searched_for() -> None:
    trials = [gaining(f"c{i}", segmentation=i, depth=-2 * i, normals=0) for i in range(3)]
    objectives = ["delta_m", "delta_m/depth"]
    of = replace(study(*trials), study={"search": {"objective": objectives}})
    found = front(subject_of(of))
    assert found is not None
    assert found.pairs == (("delta_m", "delta_m/depth"),)
    assert [row.config_id for row in found.on_front] == ["c0"]
    single = replace(of, study={"search": {"objective": ["delta_m"]}})
    found = front(subject_of(single))
    assert found is not None
    assert len(found.objectives) == 3


def test_the_pairs_that_compete_most_are_shown() -> None:
    """Of five tasks segmentation and depth go against each other, all else together."""
    names = [f"delta_m/{task}" for task in Task]
    rows = []
    for place in range(8):
        gains = {task: float(place) for task in Task} | {Task.DEPTH: -float(place)}
        rows.append(replace(RICH.searched[0], gains=gains))
    pairs = competing_pairs(names, rows)
    assert len(pairs) == 6
    assert all("delta_m/depth" in pair for pair in pairs[:4])
    assert not any("delta_m/depth" in pair for pair in pairs[4:])
    assert competing_pairs(names[:3], rows)[0] == (names[0], names[1])  # all shown: in order


def test_the_edge_of_what_is_beaten() -> None:
    x, y = np.array([1.0, 3.0, 2.0, 1.0, 3.0]), np.array([3.0, 1.0, 2.0, 2.0, 0.0])
    across, up = edge(x, y)
    assert list(zip(across, up, strict=True)) == [(3, 1), (2, 1), (2, 2), (1, 2), (1, 3)]


# Cost


def test_costs() -> None:
    peers = replace(confirmed("c2", 3.0, 1000), seconds=720.0, config={"mutual": {"peers": 2}})
    of = study(
        *(replace(confirmed("c1", 1.0, seed), seconds=s) for seed, s in ((1000, 300), (1001, 420))),
        peers,
        searched("c1", 9.0, epochs=100),  # does not count
    )
    found = costs(subject_of(of))
    assert found is not None
    assert found.unit == "trial-hours"
    assert (found.tasks, found.single_task) == (3, pytest.approx(3 * 180 / 3600))
    by_id = {one.row.config_id: one for one in found.finalists}
    assert by_id["c1"].hours == pytest.approx(0.1)
    assert by_id["c1"].networks == 1
    assert by_id["c2"].hours == pytest.approx(0.2)
    assert by_id["c2"].networks == 2
    assert by_id["c2"].row.interval is None  # a single seed
    unlike = replace(peers, config={"mutual": {"peers": [{}, {}, {}]}})
    found = costs(subject_of(study(unlike)))
    assert found is not None
    assert found.finalists[0].networks == 3


def test_costs_count_gpus_where_everyone_held_one() -> None:
    trial = replace(confirmed("c1", 1.0, 1000), gpus=0.5)
    singles = [replace(baseline(task, 0), gpus=0.25) for task in TASKS]
    found = costs(subject_of(study(trial, references=singles)))
    assert found is not None
    assert (found.unit, found.single_task) == ("GPU-hours", pytest.approx(3 * 0.05 * 0.25))
    assert found.finalists[0].hours == pytest.approx(0.05 * 0.5)
    mixed = costs(subject_of(study(trial)))  # baselines of an earlier study without GPUs
    assert mixed is not None
    assert mixed.unit == "trial-hours"


# All


def test_nothing_to_show() -> None:
    lone = subject_of(study(searched("c1", 1.0, parameters={"a": 1})))
    alike = subject_of(study(*(searched(f"c{i}", 1.0, parameters={"a": 1}) for i in range(20))))
    for of in (subject_of(study()), lone):
        for numbers in (importance, slices, contours, front, costs):
            assert numbers(of) is None
    for numbers in (importance, slices, contours, costs):
        assert numbers(alike) is None
    segmentation = {f"val/{m.path}": SINGLE[m.path] for m in METRICS[Task.SEGMENTATION]}
    trials = [
        replace(searched(f"c{i}", 0.0), history=(EpochReport(1, 1, segmentation),))
        for i in range(4)
    ]
    one_task = replace(study(*trials), tasks=(Task.SEGMENTATION,))
    assert front(subject_of(one_task)) is None


def test_every_figure_can_be_drawn_and_is_the_same_twice() -> None:
    for first, second in zip(drawings(), drawings(), strict=True):
        assert encode(first, "png")[:4] == b"\x89PNG"
        assert encode(first, "pdf") == encode(second, "pdf")


def test_every_mark_has_its_member_in_the_svg() -> None:
    for figure in drawings():
        assert figure.marks
        text = encode(figure, "svg").decode()
        for name, marks in figure.marks.items():
            group = text[text.index(f'id="{name}"') :]
            shapes = re.findall(r"<use |<path (?!id=)", _until_its_end(group))
            assert len(shapes) == len(marks)


def test_the_best_of_a_crowd_can_still_be_pointed_at() -> None:
    def drawn(count: int) -> Drawing:
        figure = new_figure()
        places = np.arange(float(count))
        marks = [Mark(str(place)) for place in range(count)]
        scatter(figure, figure.add_subplot(), places, places, marks, s=4)
        return figure

    few, crowd = drawn(MOST), drawn(MOST + 1)
    assert [mark.text for mark in few.marks["marks-0"]][-2:] == ["1", "0"]  # the best on top
    assert len(few.marks["marks-0"]) == MOST
    told = [mark.text for mark in crowd.marks["marks-0"]]
    assert len(told) == MOST
    assert told[-BEST:] == [str(place) for place in range(BEST)][::-1]
    (points,) = crowd.axes[0].collections
    assert [str(int(x)) for x, _ in points.get_offsets()] == told  # type: ignore[union-attr]


def _until_its_end(text: str) -> str:
    depth = 1
    for tag in re.finditer(r"<g[ >]|</g>", text):
        depth += 1 if tag[0].startswith("<g") else -1
        if depth == 0:
            return text[: tag.start()]
    raise AssertionError(text[:80])
