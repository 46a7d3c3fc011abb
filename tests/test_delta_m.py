"""Published tables must come out of our formulas; then the laws every table must obey."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from published import NEAR, NYUV2, PRINTED, TABLES, Printed

from mdml_tune.delta_m import Convention, delta_m, mean_scores, task_gain
from mdml_tune.errors import ReportError
from mdml_tune.tasks import Metric, Task, metrics_of

SINGLE = TABLES["nyuv2-segnet"].single
PATHS = [metric.path for metric in metrics_of(NYUV2)]
positive = st.floats(min_value=1e-3, max_value=1e3)
scores = st.fixed_dictionaries(dict.fromkeys(PATHS, positive))
conventions = st.sampled_from(list(Convention))


@pytest.mark.parametrize("one", PRINTED, ids=lambda one: " ".join(one[:3]))
def test_published_rows(one: Printed) -> None:
    table = TABLES[one.table]
    ours = delta_m(
        table.scores[one.method], table.single, table.tasks, convention=Convention(one.column)
    )
    assert ours == pytest.approx(one.recomputed, abs=NEAR)


@pytest.mark.parametrize("one", PRINTED, ids=lambda one: " ".join(one[:3]))
def test_what_is_printed_is_as_near_as_its_digits_allow(one: Printed) -> None:
    known = {"nyuv2-segnet IMTL-G": 0.16, "nyuv2-resnet50 Nash-MTL": 0.013}
    within = known.get(f"{one.table} {one.method}", 0.1 if "cityscapes" in one.table else NEAR)
    assert one.recomputed == pytest.approx(one.printed, abs=within + 1e-9)


def test_of_two_metrics_each_the_drop_is_the_gain_with_its_sign_turned() -> None:
    for table in (TABLES["cityscapes-segnet"], TABLES["cityscapes-resnet50"]):
        for row in table.scores.values():
            drop = delta_m(row, table.single, table.tasks, convention=Convention.DROP)
            assert drop == pytest.approx(-delta_m(row, table.single, table.tasks))


def test_example_of_libmtl() -> None:
    # The docstring of LibMTL.utils.count_improvement (arXiv:2203.14338): task A has one metric to
    # raise (96 -> 93) and one to lower (98 -> 99), task B one to raise (0.2 -> 0.5).
    base = {"albedo/psnr": 96, "albedo/mae": 98, "edges/f1": 0.2, "edges/average_precision": 0.2}
    new = {"albedo/psnr": 93, "albedo/mae": 99, "edges/f1": 0.5, "edges/average_precision": 0.5}
    by_hand = 100 * ((-3 / 96 - 1 / 98) / 2 + 0.3 / 0.2) / 2
    assert delta_m(new, base, (Task.ALBEDO, Task.EDGES)) == pytest.approx(by_hand)
    assert by_hand == pytest.approx(73.96, abs=0.005)


def test_conventions_can_disagree_about_the_sign() -> None:
    row, single = TABLES["nyuv2-segnet"].scores["LS"], SINGLE
    assert delta_m(row, single, NYUV2) == pytest.approx(0.88, abs=0.01)  # better than single-task
    worse = delta_m(row, single, NYUV2, convention=Convention.DROP)
    assert worse == pytest.approx(5.59, abs=0.01)  # worse than single-task


def test_primary_reads_the_first_metric_of_each_task_alone() -> None:
    single = SINGLE
    new = {**single, "segmentation/miou": 1.3 * single["segmentation/miou"]}
    new |= {"segmentation/pix_acc": 0.1, "depth/rel_err": 9.0, "normals/within_30": 0.1}
    assert delta_m(new, single, NYUV2, convention=Convention.PRIMARY) == pytest.approx(10)


@given(scores, conventions)
def test_baseline_against_itself_is_zero(own: dict[str, float], convention: Convention) -> None:
    assert delta_m(own, own, NYUV2, convention=convention) == 0


@given(scores, scores, st.sampled_from([0.01, 100.0]), conventions)
def test_units_do_not_matter(
    new: dict[str, float], old: dict[str, float], unit: float, convention: Convention
) -> None:
    scaled = ({k: v * unit for k, v in new.items()}, {k: v * unit for k, v in old.items()})
    expected = delta_m(new, old, NYUV2, convention=convention)
    assert delta_m(*scaled, NYUV2, convention=convention) == pytest.approx(expected, abs=1e-6)


@given(scores, scores, st.sampled_from(metrics_of(NYUV2)), conventions)
def test_improving_one_metric_never_hurts(
    new: dict[str, float], old: dict[str, float], metric: Metric, convention: Convention
) -> None:
    better = {**new, metric.path: new[metric.path] * (1.1 if metric.higher_is_better else 0.9)}
    change = delta_m(better, old, NYUV2, convention=convention) - delta_m(
        new, old, NYUV2, convention=convention
    )
    assert change <= 1e-9 if convention is Convention.DROP else change >= -1e-9


@given(scores, scores)
def test_gain_is_the_mean_of_the_tasks_gains(new: dict[str, float], old: dict[str, float]) -> None:
    gains = [task_gain(new, old, task) for task in NYUV2]
    assert delta_m(new, old, NYUV2) == pytest.approx(sum(gains) / 3, abs=1e-6)


def test_mean_scores_are_taken_metric_by_metric() -> None:
    assert mean_scores([{"a": 1.0, "b": 2.0}, {"a": 3.0, "b": 6.0}]) == {"a": 2.0, "b": 4.0}


def test_missing_metric_names_the_metric_and_what_is_there() -> None:
    with pytest.raises(ReportError, match=r"scores lack 'segmentation/pix_acc' \(they have segm"):
        delta_m({"segmentation/miou": 0.4}, SINGLE, NYUV2)


def test_no_gain_over_a_baseline_of_zero() -> None:
    single = {**SINGLE, "depth/abs_err": 0.0}
    with pytest.raises(ReportError, match="baseline of 'depth/abs_err' is 0"):
        delta_m(SINGLE, single, NYUV2)
