"""What one epoch says of itself: losses, scores, gaps and delta-m under their MLflow names."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from mdml_tune.config.trial import TrialConfig
from mdml_tune.delta_m import Convention, delta_m, task_gain
from mdml_tune.records import DIVERGED, Scores
from mdml_tune.tasks import METRICS, Task
from mdml_tune.training.step import Losses


class DivergedError(ArithmeticError):
    """A loss or a score stopped being a finite number; the message says which, and when."""


def loss_report(losses: Sequence[Losses], config: TrialConfig) -> dict[str, float]:
    """Losses of the reported network, averaged over the steps of the epoch."""
    tasks = config.data.tasks
    rows: dict[str, list[Tensor]] = {"supervised": [one.supervised_T for one in losses]}
    if config.mutual is not None:
        rows["mimicry"] = [one.mimicry_T for one in losses]
    if config.scd is not None or config.okd_mtl is not None:
        rows["distillation"] = [one.further_T for one in losses]
    if config.r_drop is not None:
        rows["agreement"] = [one.further_T for one in losses]
    totals = torch.stack([one.total for one in losses if one.total is not None])
    means = torch.cat(
        [totals.mean(dim=0, keepdim=True), *(torch.stack(row).mean(dim=0) for row in rows.values())]
    ).tolist()  # the first time in the epoch that the host waits for the device
    names = ["train/loss", *(f"train/{task}/{row}" for row in rows for task in tasks)]
    return dict(zip(names, means, strict=True))


def score_report(
    val: Scores, train: Scores, baseline: Scores | None, tasks: Sequence[Task]
) -> dict[str, float]:
    """Scores on val, the generalisation gap, and, where there is a baseline, delta-m."""
    report = {
        f"peer_{name}" if name.startswith("disagreement/") else f"val/{name}": value
        for name, value in val.items()
    }
    report |= _gaps(train, val, tasks)
    return report if baseline is None else report | _delta_scores(val, baseline, tasks)


def check_finite(report: Mapping[str, float], epoch: int) -> None:
    """Refuse to go on from what is not a number.

    Raises:
        DivergedError: A value of ``report`` is not finite.
    """
    for name, value in report.items():
        if not math.isfinite(value):
            raise DivergedError(f"{DIVERGED} in epoch {epoch}: {name} is {value}")


def _gaps(train: Scores, val: Scores, tasks: Sequence[Task]) -> dict[str, float]:
    """Train minus val, turned so that a positive gap is overfitting, in the metric's unit."""
    return {
        f"gap/{m.path}": (train[m.path] - val[m.path]) * (1 if m.higher_is_better else -1)
        for task in tasks
        for m in METRICS[task]
    }


def _delta_scores(scores: Scores, baseline: Scores, tasks: Sequence[Task]) -> dict[str, float]:
    """Delta-m of the reported network, its parts, and that of the ensemble, in percent."""
    report = {
        "val/delta_m": delta_m(scores, baseline, tasks),
        "val/delta_m_drop": delta_m(scores, baseline, tasks, convention=Convention.DROP),
        **{f"val/delta_m/{task}": task_gain(scores, baseline, task) for task in tasks},
    }
    ensemble = {
        name.removeprefix("ensemble/"): value
        for name, value in scores.items()
        if name.startswith("ensemble/")
    }
    if ensemble:
        report["val/ensemble/delta_m"] = delta_m(ensemble, baseline, tasks)
    return report
