"""Scores of the reported network, the mean of the peers, and their ensemble on one split."""

from collections.abc import Iterator, Sequence
from statistics import fmean

import torch

from mdml_tune.data.split import Examples, Split
from mdml_tune.tasks import Task
from mdml_tune.training.metrics import (
    DisagreementMeter,
    Meter,
    build_meter,
    ensemble,
)
from mdml_tune.training.peers import Peer

Meters = dict[Task, Meter]


def evaluate(
    peers: Sequence[Peer], split: Split, tasks: Sequence[Task], batch_size: int
) -> dict[str, float]:
    """Scores of the peers on ``split``, in evaluation mode and without augmentation.

    Returns:
        ``TASK/METRIC`` of peer 0. With several peers also ``peers_mean/TASK/METRIC``,
        ``ensemble/TASK/METRIC`` and ``disagreement/TASK``.
    """
    own = [_meters(tasks, split.classes) for _ in peers]
    together = _meters(tasks, split.classes)
    apart = {task: [DisagreementMeter(task) for _ in _pairs(len(peers))] for task in tasks}
    for peer in peers:
        peer.network.eval()
    with torch.inference_mode():
        for batch in batches(split, batch_size):
            predictions = [peer(batch.images) for peer in peers]
            for task in tasks:
                target, valid = batch.targets[task], batch.valid[task]
                said = [p[task] for p in predictions]
                for meters, prediction in zip(own, said, strict=True):
                    meters[task].update(prediction, target, valid)
                if len(peers) > 1:
                    together[task].update(ensemble(task, said), target, valid)
                for meter, (i, j) in zip(apart[task], _pairs(len(peers)), strict=True):
                    meter.update(said[i], said[j], valid)
        return _scores(own, together, apart)


def batches(split: Split, size: int) -> Iterator[Examples]:
    """The examples of a split in their order, ``size`` at a time."""
    for some in torch.arange(len(split)).split(size):
        yield split.batch(some)


def _scores(
    own: list[Meters], together: Meters, apart: dict[Task, list[DisagreementMeter]]
) -> dict[str, float]:
    each = [_computed(meters) for meters in own]
    scores = dict(each[0])
    if len(own) > 1:
        scores |= {f"peers_mean/{k}": fmean(peer[k] for peer in each) for k in each[0]}
        scores |= {f"ensemble/{k}": value for k, value in _computed(together).items()}
        scores |= {
            f"disagreement/{task}": fmean(meter.compute() for meter in meters)
            for task, meters in apart.items()
        }
    return scores


def _meters(tasks: Sequence[Task], classes: int) -> Meters:
    return {task: build_meter(task, classes) for task in tasks}


def _computed(meters: Meters) -> dict[str, float]:
    return {
        f"{task}/{name}": value
        for task, meter in meters.items()
        for name, value in meter.compute().items()
    }


def _pairs(peers: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(peers) for j in range(i + 1, peers)]
