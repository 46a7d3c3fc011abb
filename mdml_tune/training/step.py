"""One step of mutual learning: the same images for all peers, an update of each.

Shape suffixes: N images, C channels, H height, W width; K peers, T tasks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mdml_tune.config.mutual import MutualConfig
from mdml_tune.data.split import Examples
from mdml_tune.losses.mimicry import mimicry_loss
from mdml_tune.losses.supervised import supervised_loss
from mdml_tune.losses.weighting import Weighting
from mdml_tune.models.heads import Predictions
from mdml_tune.tasks import Task
from mdml_tune.training.peers import Peer


@dataclass(frozen=True, slots=True)
class Losses:
    """What one peer paid in one step; detached when a step returns it."""

    total: Tensor
    supervised_T: Tensor
    mimicry_T: Tensor
    """Before its weight; 0 where the weight is 0 or during the warm-up."""

    def detach(self) -> "Losses":
        return Losses(self.total.detach(), self.supervised_T.detach(), self.mimicry_T.detach())


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is the same for every step of an epoch."""

    tasks: tuple[Task, ...]
    weighting: Weighting
    mutual: MutualConfig | None
    """None: nobody imitates (a single network, or still warming up)."""
    clip_norm: float | None


def simultaneous_step(peers: Sequence[Peer], batch: Examples, lesson: Lesson) -> Losses:
    """Every peer steps on the same predictions; returns the losses of peer 0.

    The peers share no parameters and see each other detached, so one backward pass of the summed
    losses gives each exactly its own gradient.
    """
    predictions_K = [peer(batch.images) for peer in peers]
    losses_K = [
        _losses(own, predictions_K[:k] + predictions_K[k + 1 :], batch, lesson)
        for k, own in enumerate(predictions_K)
    ]
    torch.stack([losses.total for losses in losses_K]).sum().backward()
    for peer in peers:
        _update(peer, lesson.clip_norm)
    return losses_K[0].detach()


def alternating_step(peers: Sequence[Peer], batch: Examples, lesson: Lesson) -> Losses:
    """The peers step one after the other, each on fresh predictions of the others.

    Zhang et al. 2018 (arXiv:1706.00384), Algorithm 1. Returns the losses of peer 0.
    """
    first: Losses | None = None
    latest: dict[int, Predictions] = {}
    for k, peer in enumerate(peers):
        for j in (j for j in range(len(peers)) if j != k and j not in latest):
            with torch.no_grad():
                latest[j] = peers[j](batch.images)
        losses = _losses(
            peer(batch.images), [latest[j] for j in range(len(peers)) if j != k], batch, lesson
        )
        losses.total.backward()
        _update(peer, lesson.clip_norm)
        latest.pop(k, None)
        first = first or losses.detach()
    if first is None:
        raise ValueError("A step needs at least one peer.")
    return first


def _losses(
    own: Predictions, others: Sequence[Predictions], batch: Examples, lesson: Lesson
) -> Losses:
    supervised_T = torch.stack(
        [
            supervised_loss(task, own[task], batch.targets[task], batch.valid[task])
            for task in lesson.tasks
        ]
    )
    mimicry_T = torch.stack([_mimicry(task, own, others, batch, lesson) for task in lesson.tasks])
    if lesson.mutual is None:
        return Losses(lesson.weighting(supervised_T), supervised_T, mimicry_T)
    weight_T = mimicry_T.new_tensor([lesson.mutual.weight[task] for task in lesson.tasks])
    return Losses(lesson.weighting(supervised_T + weight_T * mimicry_T), supervised_T, mimicry_T)


def _mimicry(
    task: Task, own: Predictions, others: Sequence[Predictions], batch: Examples, lesson: Lesson
) -> Tensor:
    """Mean over the other peers: the 1 / (K - 1) of Zhang et al. 2018, section 2.4."""
    mutual = lesson.mutual
    if mutual is None or not others or mutual.weight[task] == 0:
        return own[task].new_zeros(())
    temperature = mutual.temperature.get(task, 1.0)
    valid = batch.valid[task]
    return torch.stack(
        [mimicry_loss(task, own[task], o[task], valid, temperature=temperature) for o in others]
    ).mean()


def _update(peer: Peer, clip_norm: float | None) -> None:
    if clip_norm is not None:
        torch.nn.utils.clip_grad_norm_(peer.network.parameters(), clip_norm)
    peer.optimizer.step()
    peer.optimizer.zero_grad(set_to_none=True)
