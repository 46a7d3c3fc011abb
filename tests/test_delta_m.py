"""Published tables must come out of our formulas; then the laws every table must obey."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdml_tune.delta_m import Convention, delta_m, mean_scores, task_gain
from mdml_tune.errors import ReportError
from mdml_tune.tasks import Metric, Task, metrics_of

NYUV2 = (Task.SEGMENTATION, Task.DEPTH, Task.NORMALS)
CITYSCAPES = (Task.SEGMENTATION, Task.DEPTH)

# NYUv2, SegNet-MTAN: NTKMTL (arXiv:2510.18258), Table 1; the rows up to Nash-MTL also stand in
# Nash-MTL (arXiv:2202.01017). Columns: mIoU, pixel accuracy, absolute and relative error, mean and
# median angle, within 11.25, 22.5 and 30 degrees, and the printed Δm (drop over metrics).
NYUV2_SINGLE = (38.30, 63.76, 0.6754, 0.2780, 25.01, 19.21, 30.14, 57.20, 69.15)
NYUV2_DROP = {
    "LS": ((39.29, 65.33, 0.5493, 0.2263, 28.15, 23.96, 22.09, 47.50, 61.08), 5.59),
    "UW": ((36.87, 63.17, 0.5446, 0.2260, 27.04, 22.61, 23.54, 49.05, 63.65), 4.05),
    "MGDA": ((30.47, 59.90, 0.6070, 0.2555, 24.88, 19.45, 29.18, 56.88, 69.36), 1.38),
    "PCGrad": ((38.06, 64.64, 0.5550, 0.2325, 27.41, 22.80, 23.86, 49.83, 63.14), 3.97),
    "CAGrad": ((39.79, 65.49, 0.5486, 0.2250, 26.31, 21.58, 25.61, 52.36, 65.58), 0.20),
    "Nash-MTL": ((40.13, 65.93, 0.5261, 0.2171, 25.26, 20.08, 28.40, 55.47, 68.15), -4.04),
    "FAMO": ((38.88, 64.90, 0.5474, 0.2194, 25.06, 19.57, 29.21, 56.61, 68.98), -4.10),
    "FairGrad": ((39.74, 66.01, 0.5377, 0.2236, 24.84, 19.60, 29.26, 56.58, 69.16), -4.66),
    "NTKMTL": ((39.68, 65.43, 0.5296, 0.2168, 24.24, 18.63, 30.74, 58.72, 70.78), -6.99),
}

# NYUv2, DeepLabV3+ with ResNet-50: Rep-MTL (arXiv:2507.21049), Table 1. Printed: gain averaged
# within tasks first, and gain over metrics (the drop with its sign turned).
NYUV2_R50_SINGLE = (53.50, 75.39, 0.3926, 0.1605, 21.99, 15.16, 39.04, 65.00, 75.16)
NYUV2_R50_GAIN = {
    "EW": ((53.93, 75.53, 0.3825, 0.1577, 23.57, 17.01, 35.04, 60.99, 72.05), -1.78, -3.85),
    "GLS": ((54.59, 76.06, 0.3785, 0.1555, 22.71, 16.07, 36.89, 63.11, 73.81), 0.30, -1.10),
    "CAGrad": ((53.97, 75.54, 0.3885, 0.1588, 22.47, 15.71, 37.77, 63.82, 74.30), -0.27, -0.98),
    "STCH": ((53.86, 75.49, 0.3759, 0.1547, 22.69, 16.17, 36.70, 62.96, 73.82), 0.06, -1.35),
    "DB-MTL": ((53.92, 75.60, 0.3768, 0.1557, 21.97, 15.37, 38.43, 64.81, 75.24), 1.15, 0.56),
    "Rep-MTL": ((54.59, 76.04, 0.3750, 0.1542, 21.91, 15.28, 38.37, 64.72, 75.05), 1.70, 0.95),
}

# Cityscapes, SegNet-MTAN: NTKMTL (arXiv:2510.18258), appendix. The absolute error is printed with
# three digits, so that Δm can be had back to about 0.1 only.
CITYSCAPES_SINGLE = (74.01, 93.16, 0.0125, 27.77)
CITYSCAPES_DROP = {
    "LS": ((75.18, 93.49, 0.0155, 46.77), 22.60),
    "DWA": ((75.24, 93.52, 0.0160, 44.37), 21.45),
    "CAGrad": ((75.16, 93.48, 0.0141, 37.60), 11.64),
    "FAMO": ((74.54, 93.29, 0.0145, 32.59), 8.13),
    "FairGrad": ((75.72, 93.68, 0.0134, 32.25), 5.18),
    "NTKMTL": ((73.71, 92.71, 0.0136, 27.21), 1.92),
}

PATHS = [metric.path for metric in metrics_of(NYUV2)]
positive = st.floats(min_value=1e-3, max_value=1e3)
scores = st.fixed_dictionaries(dict.fromkeys(PATHS, positive))
conventions = st.sampled_from(list(Convention))


def named(row: tuple[float, ...]) -> dict[str, float]:
    return dict(zip(PATHS, row, strict=False))


@pytest.mark.parametrize("method", NYUV2_DROP)
def test_published_drop_on_nyuv2(method: str) -> None:
    row, printed = NYUV2_DROP[method]
    ours = delta_m(named(row), named(NYUV2_SINGLE), NYUV2, convention=Convention.DROP)
    assert ours == pytest.approx(printed, abs=0.015)


@pytest.mark.parametrize("method", NYUV2_R50_GAIN)
def test_published_gains_on_nyuv2(method: str) -> None:
    row, within_tasks, over_metrics = NYUV2_R50_GAIN[method]
    single = named(NYUV2_R50_SINGLE)
    assert delta_m(named(row), single, NYUV2) == pytest.approx(within_tasks, abs=0.015)
    drop = delta_m(named(row), single, NYUV2, convention=Convention.DROP)
    assert -drop == pytest.approx(over_metrics, abs=0.015)


@pytest.mark.parametrize("method", CITYSCAPES_DROP)
def test_published_drop_on_cityscapes(method: str) -> None:
    row, printed = CITYSCAPES_DROP[method]
    ours = delta_m(named(row), named(CITYSCAPES_SINGLE), CITYSCAPES, convention=Convention.DROP)
    assert ours == pytest.approx(printed, abs=0.12)


def test_example_of_libmtl() -> None:
    # The docstring of LibMTL.utils.count_improvement (arXiv:2203.14338): task A has one metric to
    # raise (96 -> 93) and one to lower (98 -> 99), task B one to raise (0.2 -> 0.5).
    base = {"albedo/psnr": 96, "albedo/mae": 98, "edges/f1": 0.2, "edges/average_precision": 0.2}
    new = {"albedo/psnr": 93, "albedo/mae": 99, "edges/f1": 0.5, "edges/average_precision": 0.5}
    by_hand = 100 * ((-3 / 96 - 1 / 98) / 2 + 0.3 / 0.2) / 2
    assert delta_m(new, base, (Task.ALBEDO, Task.EDGES)) == pytest.approx(by_hand)
    assert by_hand == pytest.approx(73.96, abs=0.005)


def test_conventions_can_disagree_about_the_sign() -> None:
    row, single = named(NYUV2_DROP["LS"][0]), named(NYUV2_SINGLE)
    assert delta_m(row, single, NYUV2) == pytest.approx(0.88, abs=0.01)  # better than single-task
    worse = delta_m(row, single, NYUV2, convention=Convention.DROP)
    assert worse == pytest.approx(5.59, abs=0.01)  # worse than single-task


def test_primary_reads_the_first_metric_of_each_task_alone() -> None:
    single = named(NYUV2_SINGLE)
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
        delta_m({"segmentation/miou": 0.4}, named(NYUV2_SINGLE), NYUV2)


def test_no_gain_over_a_baseline_of_zero() -> None:
    single = {**named(NYUV2_SINGLE), "depth/abs_err": 0.0}
    with pytest.raises(ReportError, match="baseline of 'depth/abs_err' is 0"):
        delta_m(named(NYUV2_SINGLE), single, NYUV2)
