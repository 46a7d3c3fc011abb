"""How labels and peers are weighed up: whom to imitate, at what share, and from when."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.testing import assert_close

from mdml_tune.config.mutual import MutualConfig
from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.split import Examples
from mdml_tune.losses.mimicry import mimicry_loss
from mdml_tune.losses.supervised import supervised_loss
from mdml_tune.models.heads import Predictions
from mdml_tune.tasks import Task
from mdml_tune.training.peers import Peer
from mdml_tune.training.step import Lesson, alternating_step, simultaneous_step
from mdml_tune.training.trainer import mimicry_share

Tiny = Callable[..., TrialConfig]
Peers = Callable[..., list[Peer]]
Lessons = Callable[..., Lesson]

ALL = tuple(task.value for task in Task)
WEIGHTS = {
    Task.SEGMENTATION: 0.5,
    Task.DEPTH: 0.25,
    Task.NORMALS: 1.0,
    Task.EDGES: 0.75,
    Task.ALBEDO: 0.1,
}
TEMPERATURES = {Task.SEGMENTATION: 3.0, Task.EDGES: 2.0}


@pytest.fixture
def config(tiny: Tiny) -> Tiny:
    """All tasks, each with a weight of at most 1."""

    def build(**mutual: object) -> TrialConfig:
        return tiny(ALL, mutual={"weight": WEIGHTS, "temperature": TEMPERATURES, **mutual})

    return build


@pytest.fixture
def batch(make_examples: Callable[..., Examples]) -> Examples:
    return make_examples(3)


def mean_of(task: Task, said: Sequence[Tensor]) -> Tensor:
    """The outputs' mean, as a network would have said it."""
    match task:
        case Task.SEGMENTATION:
            return torch.stack([x.softmax(dim=1) for x in said]).mean(dim=0).log()
        case Task.EDGES:
            return torch.stack([x.sigmoid() for x in said]).mean(dim=0).logit()
        case Task.NORMALS:
            return F.normalize(torch.stack(list(said)).sum(dim=0), dim=1)
        case Task.DEPTH | Task.ALBEDO:
            return torch.stack(list(said)).mean(dim=0)


def towards(task: Task, own: Predictions, target: Tensor, batch: Examples) -> Tensor:
    temperature = TEMPERATURES.get(task, 1.0)
    return mimicry_loss(task, own[task], target, batch.valid[task], temperature=temperature)


def labels(task: Task, own: Predictions, batch: Examples) -> Tensor:
    return supervised_loss(task, own[task], batch.targets[task], batch.valid[task])


def gradient_of(peer: Peer, total: Tensor) -> list[Tensor]:
    return list(torch.autograd.grad(total, peer.parameters()))


def close(first: Sequence[Tensor], second: Sequence[Tensor]) -> None:
    for a, b in zip(first, second, strict=True):
        assert_close(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("step", [simultaneous_step, alternating_step])
def test_the_mean_of_the_others_is_one_target(
    config: Tiny, recorded_peers: Peers, lesson_of: Lessons, batch: Examples, step: Callable
) -> None:
    ours = config(peers=3, target="mean")
    peers = recorded_peers(ours)
    own, *others = [peer(batch.images) for peer in peers]
    paid = [towards(t, own, mean_of(t, [one[t].detach() for one in others]), batch) for t in Task]
    total = sum(labels(t, own, batch) + WEIGHTS[t] * paid[i] for i, t in enumerate(Task))
    expected = gradient_of(peers[0], total)

    losses = step(peers, [batch], lesson_of(ours), 0)[0]
    assert_close(losses.mimicry_T, torch.stack(paid).detach(), rtol=1e-4, atol=1e-6)
    assert losses.combined_T.dtype == torch.float32
    close(peers[0].optimizer.given[0], expected)


def test_of_two_peers_the_mean_is_the_other_one(
    config: Tiny, recorded_peers: Peers, lesson_of: Lessons, batch: Examples
) -> None:
    ours = config(peers=2)
    lessons = lesson_of(ours)
    in_mean = replace(lessons, mutual=replace(ours.mutual, target="mean"))
    losses = [
        simultaneous_step(recorded_peers(ours), [batch], lesson, 0)[0]
        for lesson in (lessons, in_mean)
    ]
    assert_close(losses[0].mimicry_T, losses[1].mimicry_T, rtol=1e-4, atol=1e-6)


def test_of_three_peers_the_mean_is_nearer_than_each(
    config: Tiny, recorded_peers: Peers, lesson_of: Lessons, batch: Examples
) -> None:
    # All of these losses are convex in the target, but for the cosine.
    each, mean = (
        simultaneous_step(recorded_peers(c), [batch], lesson_of(c), 0)[0].mimicry_T
        for c in (config(peers=3, target=target) for target in ("each", "mean"))
    )
    convex = torch.tensor([task is not Task.NORMALS for task in Task])
    assert (mean < each - 1e-6)[convex].all()
    assert (mean != each).all()


@pytest.mark.parametrize("step", [simultaneous_step, alternating_step])
@pytest.mark.parametrize("share", [1.0, 0.25])
def test_convex_fusion_gives_to_peers_what_it_takes_from_labels(
    config: Tiny,
    recorded_peers: Peers,
    lesson_of: Lessons,
    batch: Examples,
    step: Callable,
    share: float,
) -> None:
    ours = config(peers=2, fusion="convex")
    peers = recorded_peers(ours)
    own, other = [peer(batch.images) for peer in peers]
    total = sum(
        (1 - share * WEIGHTS[t]) * labels(t, own, batch)
        + share * WEIGHTS[t] * towards(t, own, other[t].detach(), batch)
        for t in Task
    )
    expected = gradient_of(peers[0], total)
    losses = step(peers, [batch], lesson_of(ours, share=share), 0)[0]
    assert_close(losses.total, total.detach())
    assert_close(losses.combined_T.sum(), total.detach())
    close(peers[0].optimizer.given[0], expected)


@pytest.mark.parametrize("fusion", ["additive", "convex"])
def test_a_share_scales_all_weights(
    config: Tiny, recorded_peers: Peers, lesson_of: Lessons, batch: Examples, fusion: str
) -> None:
    half = config(peers=2, fusion=fusion, weight={t: w / 2 for t, w in WEIGHTS.items()})
    full = config(peers=2, fusion=fusion)
    first, second = recorded_peers(half), recorded_peers(full)
    simultaneous_step(first, [batch], lesson_of(half), 0)
    simultaneous_step(second, [batch], lesson_of(full, share=0.5), 0)
    for one, other in zip(first, second, strict=True):
        close(one.optimizer.given[0], other.optimizer.given[0])


def test_all_of_the_weight_on_peers_leaves_labels_out(
    config: Tiny, recorded_peers: Peers, lesson_of: Lessons, batch: Examples
) -> None:
    ours = config(peers=2, fusion="convex", weight=1.0)
    losses = simultaneous_step(recorded_peers(ours), [batch], lesson_of(ours), 0)[0]
    assert_close(losses.combined_T, losses.mimicry_T)
    assert (losses.supervised_T > 0).all()


RISES = [
    (0, 0, [1, 1, 1]),
    (2, 0, [0, 0, 1, 1]),
    (0, 1, [1 / 2, 1, 1]),
    (0, 3, [1 / 4, 2 / 4, 3 / 4, 1, 1]),
    (2, 3, [0, 0, 1 / 4, 2 / 4, 3 / 4, 1, 1]),
]


@pytest.mark.parametrize(("warmup", "ramp", "expected"), RISES)
def test_share_by_hand(warmup: int, ramp: int, expected: list[float]) -> None:
    mutual = MutualConfig(weight={}, temperature={}, warmup_epochs=warmup, ramp=ramp)
    shares = [mimicry_share(mutual, epoch) for epoch in range(len(expected))]
    assert shares == pytest.approx(expected)
