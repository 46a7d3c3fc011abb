"""The order of complexity, on published rows, and how far seeds agree on it."""

from itertools import combinations
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from mdml_tune.delta_m import delta_m
from mdml_tune.errors import ReportError
from mdml_tune.scd.complexity import complexity, stability
from mdml_tune.tasks import Task, metrics_of

S, D, N, E, A = Task
NYUV2, CITYSCAPES = (S, D, N), (S, D)

# Single-task networks and linear scalarisation with equal weights. SegNet-MTAN: NTKMTL
# (arXiv:2510.18258), Table 1 and appendix. ResNet-50: Rep-MTL (arXiv:2507.21049), Tables 1 and 2.
PUBLISHED = {
    "NYUv2, SegNet-MTAN": (
        NYUV2,
        (38.30, 63.76, 0.6754, 0.2780, 25.01, 19.21, 30.14, 57.20, 69.15),
        (39.29, 65.33, 0.5493, 0.2263, 28.15, 23.96, 22.09, 47.50, 61.08),
        {N: 18.5, S: -2.5, D: -18.6},
    ),
    "NYUv2, ResNet-50": (
        NYUV2,
        (53.50, 75.39, 0.3926, 0.1605, 21.99, 15.16, 39.04, 65.00, 75.16),
        (53.93, 75.53, 0.3825, 0.1577, 23.57, 17.01, 35.04, 60.99, 72.05),
        {N: 8.0, S: -0.5, D: -2.2},
    ),
    "Cityscapes, SegNet-MTAN": (
        CITYSCAPES,
        (74.01, 93.16, 0.0125, 27.77),
        (75.18, 93.49, 0.0155, 46.77),
        {D: 46.2, S: -1.0},
    ),
    "Cityscapes, ResNet-50": (
        CITYSCAPES,
        (69.06, 91.54, 0.01282, 43.53),
        (68.93, 91.58, 0.01315, 45.90),
        {D: 4.0, S: 0.1},
    ),
}


def named(row: tuple[float, ...], tasks: tuple[Task, ...]) -> dict[str, float]:
    return dict(zip([metric.path for metric in metrics_of(tasks)], row, strict=True))


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_rows(name: str) -> None:
    tasks, single, equal, expected = PUBLISHED[name]
    ours = complexity(named(equal, tasks), named(single, tasks), tasks)
    assert sorted(tasks, key=ours.__getitem__, reverse=True) == list(expected)
    assert ours == pytest.approx(expected, abs=0.06)


def test_its_mean_is_minus_the_gain() -> None:
    tasks, single, equal, _ = PUBLISHED["NYUv2, SegNet-MTAN"]
    scores = named(equal, tasks), named(single, tasks)
    assert fmean(complexity(*scores, tasks).values()) == pytest.approx(-delta_m(*scores, tasks))


def test_a_missing_metric_is_named() -> None:
    with pytest.raises(ReportError, match="segmentation/pix_acc"):
        complexity({"segmentation/miou": 1.0}, {"segmentation/miou": 1.0}, (S,))


def test_seeds_that_agree() -> None:
    assert stability([{S: 1, D: 2, N: 3}, {S: -5, D: 0, N: 40}, {S: 0, D: 1, N: 2}]) == 1
    assert stability([{S: 1, D: 2, N: 3}, {S: 3, D: 2, N: 1}]) == -1
    # Two of the three pairs of tasks are in the same order.
    assert stability([{S: 1, D: 2, N: 3}, {S: 2, D: 1, N: 3}]) == pytest.approx(1 / 3)


seeds = st.lists(st.permutations([1.0, 2.0, 3.0, 4.0, 5.0]), min_size=2, max_size=4)


@given(seeds)
def test_it_is_kendalls_tau(drawn: list[list[float]]) -> None:
    per_seed = [dict(zip(Task, values, strict=True)) for values in drawn]
    taus = [kendalltau(a, b).statistic for a, b in combinations(drawn, 2)]
    assert stability(per_seed) == pytest.approx(fmean(taus))


def test_the_order_of_the_tasks_in_the_mappings_does_not_matter() -> None:
    assert stability([{S: 1, D: 2, N: 3}, {N: 3, S: 1, D: 2}]) == 1


def test_nothing_to_agree_on() -> None:
    assert stability([{S: 1, D: 2}]) is None
    assert stability([{S: 1}, {S: 2}]) is None
