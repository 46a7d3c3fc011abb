"""How alike the tasks of a study are, as its baselines show on the training images.

Shape suffixes: N images, C channels, H height, W width.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from statistics import fmean

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mdml_tune.data.split import Examples, Split
from mdml_tune.scd.cka import linear_cka
from mdml_tune.scd.gradients import gradient_cosine
from mdml_tune.scd.partition import Matrix
from mdml_tune.scd.relations import Kind
from mdml_tune.scd.rsa import rsa_spearman
from mdml_tune.scd.teachers import taps_of, with_features
from mdml_tune.tasks import Task

PROBES = 256
"""Images that are looked at, at most; evenly spaced over the training split."""

POSITIONS = 8
"""Of each image's features, at most so many rows and columns remain; others are averaged."""

BATCH = 8
"""Images at a time."""


def similarity_of(
    kind: Kind,
    teachers: Mapping[Task, nn.Module],
    equal_weighting: nn.Module | None,
    split: Split,
    tasks: Sequence[Task],
) -> Matrix:
    """Similarity of every pair of ``tasks``, 1 of each with itself, of one seed's baselines.

    An unbiased estimate may lie a little outside of its range (``Relations.of_seeds`` averages over
    seeds first and then sees to that). Never NaN.

    Args:
        kind: Which measure.
        teachers: The single-task network of each task, frozen and in evaluation mode.
        equal_weighting: The network of all tasks, likewise; for ``gradient_cosine`` alone.
        split: Training images without augmentation, on the networks' device.
        tasks: In the order of the rows.

    Raises:
        ConfigError: The similarity of features is asked for, and a network does not tell them.
        ValueError: ``gradient_cosine`` without the network that it looks at.
    """
    match kind:
        case "linear_cka":
            return _matrix(tasks, _feature_similarity(_cka, teachers, split, tasks))
        case "rsa_spearman":
            return _matrix(tasks, _feature_similarity(_rsa, teachers, split, tasks))
        case "gradient_cosine":
            if equal_weighting is None:
                raise ValueError("gradient_cosine looks at a network of equal weighting.")
            cosines = gradient_cosine(equal_weighting, probes(split), tasks)
            return _matrix(tasks, lambda a, b: float(cosines[tasks.index(a), tasks.index(b)]))


def probes(split: Split) -> Iterator[Examples]:
    """Batches of the images that similarities are found on."""
    number = min(len(split), PROBES)
    for some in (torch.arange(number) * len(split) // number).split(BATCH):
        yield split.batch(some)


def _matrix(tasks: Sequence[Task], similarity: Callable[[Task, Task], float]) -> Matrix:
    of_pair = {frozenset(pair): similarity(*pair) for pair in combinations(tasks, 2)}
    return tuple(tuple(of_pair.get(frozenset((a, b)), 1.0) for b in tasks) for a in tasks)


def _feature_similarity(
    measure: Callable[[Tensor, Tensor], float],
    teachers: Mapping[Task, nn.Module],
    split: Split,
    tasks: Sequence[Task],
) -> Callable[[Task, Task], float]:
    """``measure`` of two tasks, averaged over taps."""
    taps = {task: _taps(teachers[task], split, task) for task in tasks}
    return lambda a, b: fmean(map(measure, taps[a], taps[b]))


def _taps(network: nn.Module, split: Split, task: Task) -> list[Tensor]:
    """The teacher's features of all probes at each tap, each (N, C, H, W) of few positions."""
    network = with_features(network)
    with torch.no_grad():
        of_batches = [
            [_pooled(tap) for tap in taps_of(network.features(batch.images), task)]
            for batch in probes(split)
        ]
    return [torch.cat(of_tap) for of_tap in zip(*of_batches, strict=True)]


def _pooled(features_NCHW: Tensor) -> Tensor:
    height, width = features_NCHW.shape[-2:]
    size = (min(height, POSITIONS), min(width, POSITIONS))
    return F.adaptive_avg_pool2d(features_NCHW.float(), size)


def _cka(first_NCHW: Tensor, second_NCHW: Tensor) -> float:
    """Samples are positions, of all images."""
    first, second = (x.movedim(1, -1).flatten(end_dim=-2) for x in (first_NCHW, second_NCHW))
    return float(linear_cka(first, second))


def _rsa(first_NCHW: Tensor, second_NCHW: Tensor) -> float:
    """Samples are images, with the features of all their positions."""
    return rsa_spearman(first_NCHW.flatten(start_dim=1), second_NCHW.flatten(start_dim=1))
