"""One step of learning: the same images for all peers, an update of each.

Shape suffixes: N images, C channels, H height, W width; K peers, T tasks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mdml_tune.config.mutual import MutualConfig
from mdml_tune.data.split import Examples
from mdml_tune.losses.mimicry import mimicry_loss
from mdml_tune.models.heads import Predictions
from mdml_tune.models.network import tensors
from mdml_tune.tasks import Task
from mdml_tune.training.metrics import ensemble
from mdml_tune.training.peers import Peer, Seen, untracked
from mdml_tune.training.supervision import supervised_losses
from mdml_tune.training.tutor import Tutor


@dataclass(frozen=True, slots=True)
class Losses:
    """What one peer paid in one step; detached when a step returns it."""

    combined_T: Tensor
    """Per task: what the weighting turns into one number."""
    supervised_T: Tensor
    mimicry_T: Tensor
    """Before its weight; 0 where the weight is 0 or during the warm-up."""
    further_T: Tensor
    """Distillation or the like, before its weight; 0 where there is none."""
    total: Tensor | None = None
    """The weighted sum, where the peer has gone back through it."""

    def detach(self, total: Tensor) -> "Losses":
        kept = (self.combined_T, self.supervised_T, self.mimicry_T, self.further_T)
        return Losses(*(values.detach() for values in kept), total=total.detach())


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is the same for every step of an epoch."""

    tasks: tuple[Task, ...]
    mutual: MutualConfig | None
    """None: nobody imitates (a single network, or still warming up)."""
    share: float = 1.0
    """Of the full mimicry weight, while it rises."""
    tutor: Tutor | None = None


def simultaneous_step(
    peers: Sequence[Peer], batches: Sequence[Examples], lesson: Lesson, first: int
) -> list[Losses]:
    """Every peer steps on the same predictions; returns the losses of each, averaged.

    Args:
        peers: The networks; they share no parameters and see each other detached.
        batches: The gradients of all are averaged before the peers step.
        lesson: What to learn.
        first: Number of the first of the batches in the whole training, from 0; fixes the dropout.
    """
    paid: list[list[Losses]] = [[] for _ in peers]
    again: list[Callable[[], Tensor]] = []
    for i, batch in enumerate(batches):
        number = first + i
        _prepare(lesson, batch, number, 1 / len(batches))
        seen_K = [peer.look_in_training(batch.images, number) for peer in peers]
        again = []
        for k, peer in enumerate(peers):
            others = [seen.predictions for j, seen in enumerate(seen_K) if j != k]
            losses = _losses(k, peer, seen_K[k], others, batch, lesson, number)
            paid[k].append(_backward(peer, losses, seen_K[k], len(batches)))
            again.append(_second_look(k, peer, others, batch, lesson, number))
    for k, peer in enumerate(peers):
        _update(k, peer, lesson, again[k])
    return [_mean(one) for one in paid]


def alternating_step(
    peers: Sequence[Peer], batches: Sequence[Examples], lesson: Lesson, first: int
) -> list[Losses]:
    """The peers step one after the other, each on fresh predictions of the others.

    Zhang et al. 2018 (arXiv:1706.00384), Algorithm 1. Arguments and result as in
    ``simultaneous_step``.
    """
    paid: list[list[Losses]] = [[] for _ in peers]
    latest: list[dict[int, Predictions]] = [{} for _ in batches]
    for k, peer in enumerate(peers):
        again = None
        for i, batch in enumerate(batches):
            number = first + i
            _prepare(lesson, batch, number, 1 / len(batches))
            others = [] if lesson.mutual is None else _fresh(peers, k, batch, latest[i], number)
            seen = peer.look_in_training(batch.images, number)
            losses = _losses(k, peer, seen, others, batch, lesson, number)
            paid[k].append(_backward(peer, losses, seen, len(batches)))
            again = _second_look(k, peer, others, batch, lesson, number)
            latest[i].pop(k, None)
        if again is not None:
            _update(k, peer, lesson, again)
    return [_mean(one) for one in paid]


def _prepare(lesson: Lesson, batch: Examples, number: int, scale: float) -> None:
    if lesson.tutor is not None:
        lesson.tutor.prepare(batch, number, scale)


def _fresh(
    peers: Sequence[Peer], k: int, batch: Examples, latest: dict[int, Predictions], number: int
) -> list[Predictions]:
    """What the other peers say now, in their order; asked anew only after they have stepped."""
    others = [j for j in range(len(peers)) if j != k]
    with untracked(peers):
        for j in (j for j in others if j not in latest):
            latest[j] = peers[j].look_in_training(batch.images, number).predictions
    return [latest[j] for j in others]


def _losses(
    k: int,
    peer: Peer,
    seen: Seen,
    others: Sequence[Predictions],
    batch: Examples,
    lesson: Lesson,
    number: int,
) -> Losses:
    own = seen.predictions
    supervised_T = supervised_losses(own, batch, lesson.tasks)
    paid_T, further_T = supervised_T, torch.zeros_like(supervised_T)
    on_top_T = further_T
    if lesson.tutor is not None:
        advice = lesson.tutor.advise(k, peer, seen, batch, supervised_T, number)
        paid_T, further_T = advice.supervised_T, advice.further_T
        on_top_T = advice.weight_T * further_T
    mutual = lesson.mutual
    if mutual is None or not others:
        return Losses(paid_T + on_top_T, supervised_T, torch.zeros_like(supervised_T), further_T)
    mimicry_T = torch.stack([_mimicry(t, own, others, batch, mutual) for t in lesson.tasks])
    weight_T = mimicry_T.new_tensor([mutual.weight[t] for t in lesson.tasks]) * lesson.share
    label_share_T = 1 - weight_T if mutual.fusion == "convex" else torch.ones_like(weight_T)
    combined_T = label_share_T * paid_T + weight_T * mimicry_T + on_top_T
    return Losses(combined_T, supervised_T, mimicry_T, further_T)


def _mimicry(
    task: Task,
    own: Predictions,
    others: Sequence[Predictions],
    batch: Examples,
    mutual: MutualConfig,
) -> Tensor:
    """Mean over the other peers: the 1 / (K - 1) of Zhang et al. 2018, section 2.4."""
    if mutual.weight[task] == 0:
        return own[task].new_zeros(())
    said = [other[task].detach() for other in others]
    if mutual.target == "mean":
        said = [ensemble(task, said)]
    temperature = mutual.temperature.get(task, 1.0)
    valid = batch.valid[task]
    return torch.stack(
        [mimicry_loss(task, own[task], one, valid, temperature=temperature) for one in said]
    ).mean()


def _backward(peer: Peer, losses: Losses, seen: Seen, batches: int) -> Losses:
    features = [] if seen.features is None else tensors(seen.features)
    total = peer.weighting.backward(
        losses.combined_T, features, peer.parameters(), scale=1 / batches
    )
    return losses.detach(total)


def _second_look(
    k: int,
    peer: Peer,
    others: Sequence[Predictions],
    batch: Examples,
    lesson: Lesson,
    number: int,
) -> Callable[[], Tensor]:
    """The combined losses on the same batch, asked for after the update."""

    def losses() -> Tensor:
        with untracked([peer]):
            seen = peer.look_in_training(batch.images, number)
            return _losses(k, peer, seen, others, batch, lesson, number).combined_T

    return losses


def _update(k: int, peer: Peer, lesson: Lesson, again: Callable[[], Tensor]) -> None:
    peer.update()
    if lesson.tutor is not None:
        lesson.tutor.update(k)
    if peer.weighting.needs_second_look:
        peer.weighting.after_step(again)


def _mean(paid: Sequence[Losses]) -> Losses:
    """Over the batches of one step."""

    def mean(values: Sequence[Tensor | None]) -> Tensor:
        return torch.stack([value for value in values if value is not None]).mean(dim=0)

    return Losses(
        combined_T=mean([one.combined_T for one in paid]),
        supervised_T=mean([one.supervised_T for one in paid]),
        mimicry_T=mean([one.mimicry_T for one in paid]),
        further_T=mean([one.further_T for one in paid]),
        total=mean([one.total for one in paid]),
    )
