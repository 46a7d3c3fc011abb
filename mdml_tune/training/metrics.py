"""Metrics over a whole split: fed batch by batch, read once, the same for every batch size.

Nothing is read back from the device before ``compute``. A NaN that a network says of a labelled
pixel makes a score NaN: left out, it would let a network that diverged look healthy.

Shape suffixes: N images, C channels or classes, H height, W width; M pixels of the split.
"""

import math
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from mdml_tune.tasks import Task


class Meter(Protocol):
    def update(self, prediction_NCHW: Tensor, target: Tensor, valid_NHW: Tensor) -> None:
        """Count one batch in; shapes as in ``losses.supervised``."""
        ...

    def compute(self) -> dict[str, float]:
        """The metrics of the task, by name; NaN where no pixel was valid or a prediction was NaN."""
        ...


def build_meter(task: Task, classes: int) -> Meter:
    match task:
        case Task.SEGMENTATION:
            return SegmentationMeter(classes)
        case Task.DEPTH:
            return DepthMeter()
        case Task.NORMALS:
            return NormalsMeter()
        case Task.EDGES:
            return EdgesMeter()
        case Task.ALBEDO:
            return AlbedoMeter()


def angles_degrees(first_NCHW: Tensor, second_NCHW: Tensor) -> Tensor:
    """Angle between vectors along the channels, of shape (N, H, W), in degrees.

    By atan2 of cross and dot product: acos loses half of the digits where the vectors agree.
    """
    first, second = first_NCHW.double(), second_NCHW.double()
    cross = torch.linalg.cross(first, second, dim=1).norm(dim=1)
    return torch.atan2(cross, (first * second).sum(dim=1)).rad2deg()


class SegmentationMeter:
    """Mean intersection over union and pixel accuracy from one confusion matrix.

    The mean goes over the classes that occur in labels or predictions of the split.
    """

    def __init__(self, classes: int) -> None:
        self.classes = classes
        self.counts: Tensor | None = None

    def update(self, prediction_NCHW: Tensor, target: Tensor, valid_NHW: Tensor) -> None:
        highest_NHW, class_NHW = prediction_NCHW.max(dim=1)
        cells = target * self.classes + class_NHW
        # Two cells of their own: for pixels of which the network said NaN, and for those without a
        # label, which are cut off.
        cells = cells.where(~highest_NHW.isnan(), self.classes**2)
        cells = cells.where(valid_NHW, self.classes**2 + 1).flatten()
        counts = torch.bincount(cells, minlength=self.classes**2 + 2)[:-1]
        self.counts = counts if self.counts is None else self.counts + counts

    def compute(self) -> dict[str, float]:
        if self.counts is None or self.counts[-1]:
            return {"miou": math.nan, "pix_acc": math.nan}
        matrix = self.counts[:-1].view(self.classes, self.classes).double()
        hits = matrix.diagonal()
        union = matrix.sum(dim=0) + matrix.sum(dim=1) - hits
        present = union > 0
        return {
            "miou": (hits[present] / union[present]).mean().item(),
            "pix_acc": (hits.sum() / matrix.sum()).item(),
        }


class DepthMeter:
    """Mean absolute error (the data's unit) and mean relative error over all valid pixels."""

    def __init__(self) -> None:
        self.sums: Tensor | None = None

    def update(self, prediction_NCHW: Tensor, target: Tensor, valid_NHW: Tensor) -> None:
        valid_N1HW = valid_NHW[:, None]
        error = (prediction_NCHW - target).abs().double().where(valid_N1HW, 0)
        relative = (error / target.double()).where(valid_N1HW, 0)
        sums = torch.stack([error.sum(), relative.sum(), valid_NHW.sum()])
        self.sums = sums if self.sums is None else self.sums + sums

    def compute(self) -> dict[str, float]:
        if self.sums is None:
            return {"abs_err": math.nan, "rel_err": math.nan}
        absolute, relative, pixels = self.sums.tolist()
        return {"abs_err": _ratio(absolute, pixels), "rel_err": _ratio(relative, pixels)}


class NormalsMeter:
    """Mean and median angle in degrees, and the shares within the usual three angles."""

    def __init__(self) -> None:
        self.angles: list[Tensor] = []
        self.valid: list[Tensor] = []

    def update(self, prediction_NCHW: Tensor, target: Tensor, valid_NHW: Tensor) -> None:
        self.angles.append(angles_degrees(prediction_NCHW, target).flatten())
        self.valid.append(valid_NHW.flatten())

    def compute(self) -> dict[str, float]:
        angles_M = torch.cat(self.angles)[torch.cat(self.valid)] if self.angles else torch.zeros(0)
        if not len(angles_M) or angles_M.isnan().any():
            return dict.fromkeys(
                ("mean_angle", "median_angle", *(f"within_{x}" for x in (11.25, 22.5, 30))),
                math.nan,
            )
        return {
            "mean_angle": angles_M.mean().item(),
            "median_angle": _median(angles_M),
            **{f"within_{x}": (angles_M < x).double().mean().item() for x in (11.25, 22.5, 30)},
        }


class EdgesMeter:
    """F1 at probability 1/2, and average precision over all thresholds (ties counted together)."""

    def __init__(self) -> None:
        self.scores: list[Tensor] = []
        self.labels: list[Tensor] = []
        self.valid: list[Tensor] = []

    def update(self, prediction_NCHW: Tensor, target: Tensor, valid_NHW: Tensor) -> None:
        self.scores.append(probability(prediction_NCHW).flatten())
        self.labels.append(target.bool().flatten())
        self.valid.append(valid_NHW.flatten())

    def compute(self) -> dict[str, float]:
        if not self.scores:
            return {"f1": math.nan, "average_precision": math.nan}
        valid_M = torch.cat(self.valid)
        scores_M, labels_M = torch.cat(self.scores)[valid_M], torch.cat(self.labels)[valid_M]
        if scores_M.isnan().any():
            return {"f1": math.nan, "average_precision": math.nan}
        found_M = scores_M > 0.5  # noqa: PLR2004
        hits = (found_M & labels_M).sum().item()
        f1 = _ratio(2.0 * hits, float(found_M.sum().item() + labels_M.sum().item()))
        return {"f1": f1, "average_precision": _average_precision(scores_M, labels_M)}


class AlbedoMeter:
    """Mean absolute error, and peak signal-to-noise ratio in dB of the pooled squared error."""

    def __init__(self) -> None:
        self.sums: Tensor | None = None

    def update(self, prediction_NCHW: Tensor, target: Tensor, valid_NHW: Tensor) -> None:
        error = (prediction_NCHW - target).double().where(valid_NHW[:, None], 0)
        values = valid_NHW.sum() * prediction_NCHW.shape[1]
        sums = torch.stack([error.abs().sum(), error.square().sum(), values])
        self.sums = sums if self.sums is None else self.sums + sums

    def compute(self) -> dict[str, float]:
        if self.sums is None:
            return {"mae": math.nan, "psnr": math.nan}
        absolute, squared, values = self.sums.tolist()
        mse = _ratio(squared, values)
        return {
            "mae": _ratio(absolute, values),
            "psnr": math.inf if mse == 0 else -10 * math.log10(mse),
        }


class DisagreementMeter:
    """How far two networks are apart on a task, averaged over labelled pixels.

    Segmentation: share of pixels with another class; depth and albedo: mean absolute difference;
    normals: mean angle in degrees; edges: mean difference of probabilities.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.sums: Tensor | None = None

    def update(self, first_NCHW: Tensor, second_NCHW: Tensor, valid_NHW: Tensor) -> None:
        match self.task:
            case Task.SEGMENTATION:
                apart_NHW = (first_NCHW.argmax(dim=1) != second_NCHW.argmax(dim=1)).double()
            case Task.NORMALS:
                apart_NHW = angles_degrees(first_NCHW, second_NCHW)
            case Task.EDGES:
                apart_NHW = (first_NCHW.sigmoid() - second_NCHW.sigmoid()).abs().mean(dim=1)
            case Task.DEPTH | Task.ALBEDO:
                apart_NHW = (first_NCHW - second_NCHW).abs().mean(dim=1)
        sums = torch.stack([apart_NHW.double().where(valid_NHW, 0).sum(), valid_NHW.sum()])
        self.sums = sums if self.sums is None else self.sums + sums

    def compute(self) -> float:
        if self.sums is None:
            return math.nan
        apart, pixels = self.sums.tolist()
        return _ratio(apart, pixels)


def probability(logits: Tensor) -> Tensor:
    """Of an edge, in float32: the same for equal logits, wherever they stand.

    torch's sigmoid differs in its last bit between the vectors and the rest of a tensor, which
    would part pixels of equal score; rounded from float64, it does not show.
    """
    return logits.double().sigmoid().float()


def ensemble(task: Task, predictions: list[Tensor]) -> Tensor:
    """The prediction of several networks together, in the form of a single one's.

    Probabilities are averaged (segmentation, edges), values (depth, albedo), or unit vectors,
    which are then scaled back to length one (normals).
    """
    said = torch.stack(predictions)
    # By logarithms: probabilities near 0 and 1 would crowd, and their logits be infinite.
    if task is Task.SEGMENTATION:
        return said.log_softmax(dim=2).logsumexp(dim=0) - math.log(len(said))
    if task is Task.EDGES:
        return F.logsigmoid(said).logsumexp(dim=0) - F.logsigmoid(-said).logsumexp(dim=0)
    mean = said.mean(dim=0)
    return F.normalize(mean, dim=1, eps=1e-6) if task is Task.NORMALS else mean


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator else math.nan


def _median(values_M: Tensor) -> float:
    """Mean of the two middle values where their number is even (torch takes the lower one)."""
    ordered = values_M.sort().values
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle].item()
    return ordered[middle - 1 : middle + 1].mean().item()


def _average_precision(scores_M: Tensor, labels_M: Tensor) -> float:
    """Sum over thresholds of precision times the recall gained there, without interpolation."""
    positives = int(labels_M.sum().item())
    if not positives:
        return math.nan
    ordered, by_score = scores_M.sort(descending=True)
    hits_M = labels_M[by_score].double().cumsum(dim=0)
    # A threshold admits all pixels of equal score at once: only the last of each run counts.
    last = torch.cat([ordered[1:] != ordered[:-1], ordered.new_ones(1, dtype=torch.bool)])
    hits = hits_M[last]
    admitted = torch.arange(1, len(ordered) + 1, device=ordered.device, dtype=torch.double)[last]
    gained = torch.diff(hits, prepend=hits.new_zeros(1))
    return ((hits / admitted) * gained).sum().item() / positives
