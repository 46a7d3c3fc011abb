"""Metrics: values worked out by hand, and independence of how a split is cut into batches."""

import math
from collections.abc import Callable, Sequence

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.testing import assert_close

from mdml_tune.data.split import Examples
from mdml_tune.losses.mimicry import mimicry_loss
from mdml_tune.tasks import METRICS, Task
from mdml_tune.training.metrics import (
    DisagreementMeter,
    angles_degrees,
    build_meter,
    ensemble,
    probability,
)

CLASSES = 4
H, W = 16, 24


def row(values: Sequence[float]) -> Tensor:
    """One image of one row and one channel."""
    return torch.tensor(values, dtype=torch.float64).view(1, 1, 1, -1)


def classes(values: Sequence[int]) -> Tensor:
    """Logits of a network that is sure of these classes."""
    return F.one_hot(torch.tensor(values), CLASSES).double().T.view(1, CLASSES, 1, -1)


def directions(degrees: Sequence[float]) -> Tensor:
    """Unit vectors at these angles from the first axis."""
    angle = torch.tensor(degrees, dtype=torch.float64).deg2rad()
    vectors = torch.stack([angle.cos(), angle.sin(), torch.zeros_like(angle)])
    return vectors.view(1, 3, 1, -1)


def measured(task: Task, prediction: Tensor, target: Tensor, valid: Tensor | None = None) -> dict:
    if valid is None:
        valid = torch.ones(len(prediction), *prediction.shape[2:], dtype=torch.bool)
    meter = build_meter(task, CLASSES)
    meter.update(prediction, target, valid)
    return meter.compute()


def labelled(*flags: int) -> Tensor:
    return torch.tensor(flags).bool().view(1, 1, -1)


# ---------------------------------------------------------------- by hand


def test_segmentation_by_hand() -> None:
    # Class 0: 1 of 2; class 1: 2 of 3; classes 2 and 3 occur nowhere and do not count.
    truth = torch.tensor([0, 0, 1, 1]).view(1, 1, 4)
    scores = measured(Task.SEGMENTATION, classes([0, 1, 1, 1]), truth)
    assert scores == pytest.approx({"miou": 7 / 12, "pix_acc": 3 / 4})


def test_a_class_that_is_only_predicted_counts_as_missed() -> None:
    # Class 0: 1 of 2, class 1: 2 of 2, class 3: 0 of 1.
    truth = torch.tensor([0, 0, 1, 1]).view(1, 1, 4)
    scores = measured(Task.SEGMENTATION, classes([0, 3, 1, 1]), truth)
    assert scores == pytest.approx({"miou": 1 / 2, "pix_acc": 3 / 4})


def test_miou_is_of_the_split_not_the_mean_of_the_images() -> None:
    # Image 1: class 0 in full. Image 2: class 0 in 1 of 2 pixels, class 1 in 0 of 1.
    # Of the split: class 0 in 3 of 4, class 1 in 0 of 1.
    meter = build_meter(Task.SEGMENTATION, CLASSES)
    everywhere = labelled(1, 1)
    meter.update(classes([0, 0]), torch.tensor([[[0, 0]]]), everywhere)
    meter.update(classes([0, 0]), torch.tensor([[[0, 1]]]), everywhere)
    assert meter.compute() == pytest.approx({"miou": 3 / 8, "pix_acc": 3 / 4})


def test_depth_by_hand() -> None:
    scores = measured(Task.DEPTH, row([1.5, 3.0, 2.0]), row([1.0, 4.0, 2.0]))
    assert scores == pytest.approx({"abs_err": 0.5, "rel_err": (0.5 + 0.25) / 3})


def test_angles_by_hand() -> None:
    degrees = [0.0, 11.24, 11.26, 22.49, 22.51, 29.99, 30.01, 90.0, 180.0]
    scores = measured(Task.NORMALS, directions(degrees), directions([0.0] * 9))
    assert scores == pytest.approx(
        {
            "mean_angle": sum(degrees) / 9,
            "median_angle": 22.51,
            "within_11.25": 2 / 9,
            "within_22.5": 4 / 9,
            "within_30": 6 / 9,
        }
    )


def test_median_of_an_even_number_is_between_the_middle_two() -> None:
    scores = measured(Task.NORMALS, directions([90, 10, 20, 0]), directions([0] * 4))
    assert scores["median_angle"] == pytest.approx(15)


def test_small_angles_keep_their_digits() -> None:
    # An arc cosine would say 0, or 1e-6 off.
    degrees = [0.0, 1e-7, 1e-5, 1e-3]
    angles = angles_degrees(directions(degrees), directions([0.0] * 4))
    assert angles.flatten().tolist() == pytest.approx(degrees, rel=1e-6, abs=0)


def test_length_does_not_change_an_angle() -> None:
    long, short = 30 * directions([60.0]), 0.1 * directions([15.0])
    assert angles_degrees(long, short).item() == pytest.approx(45)


def test_f1_by_hand() -> None:
    # Found: the first three (probability above 1/2), of which two are edges, of four in all.
    truth = row([1, 1, 0, 1, 0, 1])
    scores = measured(Task.EDGES, row([2.0, 0.1, 0.2, -0.1, -1.0, 0.0]), truth)
    assert scores["f1"] == pytest.approx(2 * 2 / (3 + 4))


def test_average_precision_by_hand() -> None:
    # In order of score: hit, miss, hit. Recall gains 1/2 at precision 1, and 1/2 at 2/3.
    scores = measured(Task.EDGES, row([3.0, 1.0, 2.0]), row([1, 1, 0]))
    assert scores["average_precision"] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


@pytest.mark.parametrize("truth", [[1, 0, 0, 0], [0, 0, 0, 1]])
def test_equal_scores_are_admitted_together(truth: list[int]) -> None:
    # Whichever way they are sorted: one threshold, precision 1/4.
    scores = measured(Task.EDGES, row([0.7] * 4), row(truth))
    assert scores["average_precision"] == pytest.approx(1 / 4)


def average_precision(scores: list[float], truth: list[float]) -> float:
    """Definition: over every threshold, precision times the recall gained."""
    total, recall_before = 0.0, 0.0
    for threshold in sorted(set(scores), reverse=True):
        admitted = [label for score, label in zip(scores, truth, strict=True) if score >= threshold]
        recall = sum(admitted) / sum(truth)
        total += (recall - recall_before) * sum(admitted) / len(admitted)
        recall_before = recall
    return total


def test_a_probability_does_not_depend_on_where_its_pixel_stands() -> None:
    # The last pixels of a tensor are computed by other instructions than the vectors before them.
    logits = torch.randn(1000)
    for start in range(1, 20):
        assert torch.equal(probability(logits)[start:], probability(logits[start:]))


@pytest.mark.parametrize("digits", [0, 1, 9])
def test_average_precision_is_its_definition(digits: int) -> None:
    # Few digits: many ties.
    truth = (torch.rand(1, 1, 1, 200) < 0.3).double()
    said = (torch.randn_like(truth) + truth).round(decimals=digits)
    expected = average_precision(said.flatten().tolist(), truth.flatten().tolist())
    assert measured(Task.EDGES, said, truth)["average_precision"] == pytest.approx(expected)


def test_albedo_by_hand() -> None:
    # Errors 0.1 and 0.3 in six values: mean square 0.1 / 6.
    target = torch.full((1, 3, 1, 2), 0.5, dtype=torch.float64)
    said = target.clone()
    said[0, 0, 0, 0], said[0, 2, 0, 1] = 0.6, 0.2
    scores = measured(Task.ALBEDO, said, target)
    assert scores == pytest.approx({"mae": 0.4 / 6, "psnr": 10 * math.log10(6 / 0.1)})


# ---------------------------------------------------------------- laws of all


def split_and_predictions(
    make_examples: Callable[..., Examples], task: Task
) -> tuple[Tensor, Tensor, Tensor]:
    """Of seven images, with more labels in some than in others."""
    truth = make_examples(7, tasks=[task], size=(H, W))
    said = make_examples(7, tasks=[task], size=(H, W), seed=1).targets[task]
    valid = truth.valid[task].clone()
    valid[2] = False
    valid[5, :, 3:] = False
    if task is Task.SEGMENTATION:
        said = F.one_hot(said, CLASSES).movedim(-1, 1).float() + torch.rand(7, CLASSES, H, W)
    if task is Task.EDGES:
        said = torch.randn(7, 1, H, W).round(decimals=1)
    return said, truth.targets[task], valid


@pytest.mark.parametrize("task", Task)
def test_metrics_are_those_of_the_vocabulary(
    task: Task, make_examples: Callable[..., Examples]
) -> None:
    scores = measured(task, *split_and_predictions(make_examples, task))
    assert set(scores) == {metric.name for metric in METRICS[task]}
    assert all(math.isfinite(value) for value in scores.values())


@pytest.mark.parametrize("cuts", [[1] * 7, [2, 2, 2, 1], [3, 4], [6, 1]])
@pytest.mark.parametrize("task", Task)
def test_batch_size_does_not_change_a_metric(
    task: Task, cuts: list[int], make_examples: Callable[..., Examples]
) -> None:
    whole = split_and_predictions(make_examples, task)
    meter = build_meter(task, CLASSES)
    for part in zip(*(x.split(cuts) for x in whole), strict=True):
        meter.update(*part)
    assert meter.compute() == pytest.approx(measured(task, *whole), rel=1e-12, abs=0)


@pytest.mark.parametrize("task", Task)
def test_only_labelled_pixels_count(task: Task, make_examples: Callable[..., Examples]) -> None:
    said, truth, valid = split_and_predictions(make_examples, task)
    # The same pixels, with those without a label cut out.
    flat_said = said.movedim(1, -1)[valid].T[None, :, None]
    flat_truth = truth[valid] if truth.dim() == 3 else truth.movedim(1, -1)[valid].T
    flat_truth = flat_truth[None, None] if truth.dim() == 3 else flat_truth[None, :, None]
    expected = measured(task, flat_said, flat_truth)
    assert measured(task, said, truth, valid) == pytest.approx(expected, rel=1e-9)

    nonsense = said.where(valid[:, None], math.nan)
    none = truth.where(valid if truth.dim() == 3 else valid[:, None], 0)
    assert measured(task, nonsense, none, valid) == measured(task, said, truth, valid)


@pytest.mark.parametrize("task", Task)
def test_without_a_label_there_is_no_score(
    task: Task, make_examples: Callable[..., Examples]
) -> None:
    said, truth, valid = split_and_predictions(make_examples, task)
    nothing = measured(task, said, truth, torch.zeros_like(valid))
    assert all(math.isnan(value) for value in nothing.values())
    assert {k: str(v) for k, v in build_meter(task, CLASSES).compute().items()} == {
        k: str(v) for k, v in nothing.items()
    }


@pytest.mark.parametrize("task", Task)
def test_a_network_that_says_nan_of_one_image_has_no_score(
    task: Task, make_examples: Callable[..., Examples]
) -> None:
    # Left out in silence, a network that diverged would look healthy.
    said, truth, valid = split_and_predictions(make_examples, task)
    said[0] = math.nan
    assert any(math.isnan(value) for value in measured(task, said, truth, valid).values())


PERFECT = {
    "miou": 1,
    "pix_acc": 1,
    "abs_err": 0,
    "rel_err": 0,
    "mean_angle": 0,
    "median_angle": 0,
    "within_11.25": 1,
    "within_22.5": 1,
    "within_30": 1,
    "f1": 1,
    "average_precision": 1,
    "mae": 0,
    "psnr": math.inf,
}


@pytest.mark.parametrize("task", Task)
def test_the_truth_scores_best(task: Task, make_examples: Callable[..., Examples]) -> None:
    _, truth, valid = split_and_predictions(make_examples, task)
    said = truth
    if task is Task.SEGMENTATION:
        said = F.one_hot(truth, CLASSES).movedim(-1, 1).float()
    if task is Task.EDGES:
        said = truth - 0.5
    best = {metric.name: PERFECT[metric.name] for metric in METRICS[task]}
    assert measured(task, said, truth, valid) == pytest.approx(best, abs=1e-4)


# ---------------------------------------------------------------- together


@pytest.mark.parametrize("task", Task)
def test_ensemble_of_equals_is_the_network(
    task: Task, make_examples: Callable[..., Examples]
) -> None:
    said, truth, valid = split_and_predictions(make_examples, task)
    together = ensemble(task, [said, said, said])
    expected = measured(task, said, truth, valid)
    assert measured(task, together, truth, valid) == pytest.approx(expected, abs=1e-4)


def test_ensemble_averages_probabilities_of_classes() -> None:
    # (1/2, 1/2) and (3/4, 1/4); the mean of logits would give (0.634, 0.366).
    said = [torch.tensor(p).log().view(1, 2, 1, 1) for p in ([0.5, 0.5], [0.75, 0.25])]
    together = ensemble(Task.SEGMENTATION, said).softmax(dim=1).flatten()
    assert_close(together, torch.tensor([5 / 8, 3 / 8]))


def test_ensemble_averages_probabilities_of_edges() -> None:
    together = ensemble(Task.EDGES, [row([0.0]), row([math.log(3)])])
    assert together.sigmoid().item() == pytest.approx(5 / 8)


def test_ensemble_of_edges_keeps_the_order_of_sure_pixels() -> None:
    # Logits at which probabilities in float32 are crowded near 1.
    sure = torch.linspace(9, 20, 50).view(1, 1, 1, -1)
    together = ensemble(Task.EDGES, [sure, sure]).flatten()
    assert (together.diff() > 0).all()


@pytest.mark.parametrize("task", [Task.SEGMENTATION, Task.EDGES])
@pytest.mark.parametrize("size", [40.0, 300.0])
def test_ensemble_of_sure_networks_is_a_finite_target(task: Task, size: float) -> None:
    # Where exp(-size) is 0 in float32 and less than half a bit of 1 in float64.
    channels = 2 if task is Task.SEGMENTATION else 1
    sure = torch.tensor([size, 0.0])[:channels].view(1, channels, 1, 1)
    together = ensemble(task, [sure, sure])
    assert together.dtype == torch.float32
    paid = mimicry_loss(task, 0 * sure, together, labelled(1), temperature=2.0)
    assert paid.item() == pytest.approx(
        mimicry_loss(task, 0 * sure, sure, labelled(1), temperature=2.0).item()
    )


def test_ensemble_averages_values() -> None:
    assert_close(ensemble(Task.DEPTH, [row([1, 2]), row([2, 6])]), row([1.5, 4]))
    assert_close(ensemble(Task.ALBEDO, [row([0.1, 0.2]), row([0.2, 0.6])]), row([0.15, 0.4]))


def test_ensemble_of_normals_has_unit_length() -> None:
    together = ensemble(Task.NORMALS, [directions([0, 10, 0]), directions([90, 30, 0])])
    assert_close(together, directions([45, 20, 0]))


def test_ensemble_of_opposite_normals_is_finite() -> None:
    together = ensemble(Task.NORMALS, [directions([0]), -directions([0])])
    assert together.isfinite().all()


def disagreement(task: Task, first: Tensor, second: Tensor, valid: Tensor) -> float:
    meter = DisagreementMeter(task)
    meter.update(first, second, valid)
    return meter.compute()


APART = [
    # Each in three pixels, of which the last has no label.
    (Task.SEGMENTATION, classes([0, 1, 2]), classes([0, 2, 3]), 1 / 2),
    (Task.DEPTH, row([1.0, 2.0, 9.0]), row([1.5, 5.0, 1.0]), 3.5 / 2),
    (Task.NORMALS, directions([0, 0, 0]), directions([180, 90, 30]), 135),
    (Task.EDGES, row([0.0, 0.0, 3.0]), row([math.log(3), 0.0, 1.0]), 1 / 8),
    (Task.ALBEDO, row([0.1, 0.2, 0.0]), row([0.5, 0.2, 1.0]), 0.2),
]


@pytest.mark.parametrize(("task", "first", "second", "expected"), APART)
def test_disagreement_by_hand(task: Task, first: Tensor, second: Tensor, expected: float) -> None:
    valid = labelled(1, 1, 0)
    assert disagreement(task, first, second, valid) == pytest.approx(expected)
    assert disagreement(task, second, first, valid) == pytest.approx(expected)
    assert disagreement(task, first, first, valid) == 0
    assert math.isnan(disagreement(task, first, second, labelled(0, 0, 0)))


@pytest.mark.parametrize(("task", "first", "second", "expected"), APART)
def test_disagreement_is_over_pixels_not_batches(
    task: Task, first: Tensor, second: Tensor, expected: float
) -> None:
    meter = DisagreementMeter(task)
    meter.update(first, second, labelled(1, 1, 0))
    meter.update(first[..., :1], first[..., :1], labelled(1))
    assert meter.compute() == pytest.approx(expected * 2 / 3)
