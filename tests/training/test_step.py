"""Laws of a step of mutual learning: who learns what from whom, and from when."""

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.split import Examples
from mdml_tune.losses.mimicry import mimicry_loss
from mdml_tune.losses.supervised import supervised_loss
from mdml_tune.models.heads import Predictions
from mdml_tune.tasks import Task
from mdml_tune.training.peers import Peer, build_peers
from mdml_tune.training.step import Lesson, alternating_step, simultaneous_step

Tiny = Callable[..., TrialConfig]
Peers = Callable[..., list[Peer]]
Lessons = Callable[..., Lesson]

ALL = tuple(task.value for task in Task)
WEIGHTS = {
    "segmentation": 0.5,
    "depth": 0.25,
    "normals": 3.0,
    "edges": 1.5,
    "albedo": 2.0,
}
TEMPERATURES = {"segmentation": 3.0, "edges": 2.0}


@pytest.fixture
def config(tiny: Tiny) -> Callable[..., TrialConfig]:
    """All tasks, each with another weight, and two temperatures."""

    def build(**mutual: object) -> TrialConfig:
        return tiny(ALL, mutual={"weight": WEIGHTS, "temperature": TEMPERATURES, **mutual})

    return build


@pytest.fixture
def batch(make_examples: Callable[..., Examples]) -> Examples:
    return make_examples(3)


def weights(peer: Peer) -> list[Tensor]:
    return [p.detach().clone() for p in peer.network.parameters()]


def same(first: Sequence[Tensor], second: Sequence[Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def close(first: Sequence[Tensor], second: Sequence[Tensor], rtol: float = 1e-4) -> None:
    for a, b in zip(first, second, strict=True):
        assert_close(a, b, rtol=rtol, atol=1e-6)


def say(peer: Peer, batch: Examples) -> Predictions:
    with torch.no_grad():
        return peer(batch.images)


def own_loss(peer: Peer, targets: Sequence[Predictions], batch: Examples) -> Tensor:
    """What a peer pays, written down once more: labels, and the mean over its targets."""
    said = peer(batch.images)
    total = torch.zeros(())
    for task in Task:
        valid = batch.valid[task]
        total = total + supervised_loss(task, said[task], batch.targets[task], valid)
        for target in targets:
            mimicry = mimicry_loss(
                task, said[task], target[task], valid, temperature=TEMPERATURES.get(task, 1.0)
            )
            total = total + WEIGHTS[task] * mimicry / len(targets)
    return total


@pytest.mark.parametrize("number", [2, 3])
def test_each_peer_gets_the_gradient_of_its_own_loss_alone(
    config: Tiny, recorded_peers: Peers, lesson_of: Lessons, batch: Examples, number: int
) -> None:
    ours = config(peers=number)
    peers = recorded_peers(ours)
    said = [say(peer, batch) for peer in peers]
    expected = []
    for k, peer in enumerate(peers):
        loss = own_loss(peer, said[:k] + said[k + 1 :], batch)
        expected.append(torch.autograd.grad(loss, list(peer.network.parameters())))

    simultaneous_step(peers, [batch], lesson_of(ours), 0)
    for peer, gradient in zip(peers, expected, strict=True):
        close(peer.optimizer.given[0], gradient)
        assert len(peer.optimizer.given) == 1


@pytest.mark.parametrize("step", [simultaneous_step, alternating_step])
def test_losses_reported_are_those_of_peer_0_before_its_update(
    config: Tiny, recorded_peers: Peers, lesson_of: Lessons, batch: Examples, step: Callable
) -> None:
    ours = config(peers=3)
    peers = recorded_peers(ours)
    said = [say(peer, batch) for peer in peers]
    total = own_loss(peers[0], said[1:], batch).detach()
    losses = step(peers, [batch], lesson_of(ours), 0)[0]
    assert_close(losses.total, total)
    for i, task in enumerate(ours.data.tasks):
        target, valid = batch.targets[task], batch.valid[task]
        assert_close(losses.supervised_T[i], supervised_loss(task, said[0][task], target, valid))
        # 1 / (K - 1) times the sum over the others (Zhang et al. 2018), before its weight.
        temperature = TEMPERATURES.get(task, 1.0)
        others = sum(
            mimicry_loss(task, said[0][task], said[k][task], valid, temperature=temperature)
            for k in (1, 2)
        )
        assert_close(losses.mimicry_T[i], others / 2, rtol=1e-4, atol=1e-6)
        assert losses.mimicry_T[i] > 0
    assert not any(x.requires_grad for x in (losses.total, losses.supervised_T, losses.mimicry_T))


@pytest.mark.parametrize("step", [simultaneous_step, alternating_step])
def test_without_weight_peer_0_is_the_single_network_of_its_seed(
    tiny: Tiny, lesson_of: Lessons, make_examples: Callable[..., Examples], step: Callable
) -> None:
    # To the last bit, over several steps of the real optimiser.
    alone, together = tiny(ALL, mutual=None), tiny(ALL, mutual={"peers": 3, "weight": 0})
    networks = [
        build_peers(c, seed=5, classes=4, device=torch.device("cpu")) for c in (alone, together)
    ]
    start = weights(networks[0][0])
    for i in range(4):
        batch = make_examples(2, seed=i)
        simultaneous_step(networks[0], [batch], lesson_of(alone), i)
        step(networks[1], [batch], lesson_of(together), i)
    assert same(weights(networks[0][0]), weights(networks[1][0]))
    assert not same(weights(networks[0][0]), start)


def test_with_weight_peer_0_is_another_network(
    tiny: Tiny, lesson_of: Lessons, batch: Examples
) -> None:
    alone, together = tiny(ALL, mutual=None), tiny(ALL, mutual={"weight": 0.1})
    networks = [
        build_peers(c, seed=5, classes=4, device=torch.device("cpu")) for c in (alone, together)
    ]
    simultaneous_step(networks[0], [batch], lesson_of(alone), 0)
    simultaneous_step(networks[1], [batch], lesson_of(together), 0)
    assert not same(weights(networks[0][0]), weights(networks[1][0]))


def test_a_task_without_weight_is_not_imitated(
    config: Tiny, recorded_peers: Peers, lesson_of: Lessons, batch: Examples
) -> None:
    ours = config(weight={**WEIGHTS, "depth": 0})
    losses = simultaneous_step(recorded_peers(ours), [batch], lesson_of(ours), 0)[0]
    paid = dict(zip(ours.data.tasks, losses.mimicry_T.tolist(), strict=True))
    assert paid.pop(Task.DEPTH) == 0
    assert all(value > 0 for value in paid.values())


@pytest.mark.parametrize("step", [simultaneous_step, alternating_step])
def test_identical_peers_have_nothing_to_imitate(
    config: Tiny, recorded_peers: Peers, lesson_of: Lessons, batch: Examples, step: Callable
) -> None:
    ours = config(peers=3)
    peers = recorded_peers(ours)
    for peer in peers[1:]:
        peer.network.load_state_dict(peers[0].network.state_dict())
    losses = step(peers, [batch], lesson_of(ours), 0)[0]
    assert_close(losses.mimicry_T, torch.zeros(len(Task)), rtol=0, atol=1e-6)


@pytest.mark.parametrize("number", [2, 3])
def test_alternating_peers_see_the_updated_ones_before_them(
    config: Tiny, recorded_peers: Peers, lesson_of: Lessons, batch: Examples, number: int
) -> None:
    ours = config(peers=number, update="alternating")
    by_hand, peers, at_once = (recorded_peers(ours) for _ in range(3))
    for k, peer in enumerate(by_hand):
        targets = [say(other, batch) for j, other in enumerate(by_hand) if j != k]
        own_loss(peer, targets, batch).backward()
        peer.optimizer.step()

    alternating_step(peers, [batch], lesson_of(ours), 0)
    simultaneous_step(at_once, [batch], lesson_of(ours), 0)
    for k in range(number):
        close(weights(peers[k]), weights(by_hand[k]))
        close(peers[k].optimizer.given[0], by_hand[k].optimizer.given[0], rtol=1e-3)
    # The first peer does the same in both; the last one's targets have moved.
    assert same(weights(peers[0]), weights(at_once[0]))
    gaps = [
        (a - b).abs().max().item()
        for a, b in zip(peers[-1].optimizer.given[0], at_once[-1].optimizer.given[0], strict=True)
    ]
    assert max(gaps) > 1e-3


def test_while_peers_alternate_nothing_changes_a_peer_but_its_own_update(
    config: Tiny, recorded_peers: Peers, lesson_of: Lessons, batch: Examples
) -> None:
    ours = config(peers=3, update="alternating")
    peers = recorded_peers(ours)
    seen: list[tuple[int, list[list[Tensor]]]] = []

    def look(k: int) -> None:
        seen.append((k, [weights(peer) for peer in peers]))

    for k, peer in enumerate(peers):
        peer.optimizer.register_step_pre_hook(lambda *_, k=k: look(k))
        peer.optimizer.register_step_post_hook(lambda *_, k=k: look(k))
    start = [weights(peer) for peer in peers]
    alternating_step(peers, [batch], lesson_of(ours), 0)

    assert [k for k, _ in seen] == [0, 0, 1, 1, 2, 2]
    moments = [start, *(moment for _, moment in seen), [weights(peer) for peer in peers]]
    for i in range(len(moments) - 1):
        updated = i // 2 if i % 2 else None  # between the hooks before and after an update
        for k in range(3):
            assert same(moments[i][k], moments[i + 1][k]) == (k != updated)
    assert all(p.grad is None for peer in peers for p in peer.network.parameters())


@pytest.mark.parametrize("step", [simultaneous_step, alternating_step])
def test_gradients_do_not_pile_up_over_steps(
    config: Tiny, recorded_peers: Peers, lesson_of: Lessons, batch: Examples, step: Callable
) -> None:
    # With a learning rate of 0 nothing moves, so a step twice is the same step twice.
    ours = config(peers=2)
    peers = recorded_peers(ours, lr=0.0)
    for _ in range(2):
        step(peers, [batch], lesson_of(ours), 0)
    for peer in peers:
        close(peer.optimizer.given[0], peer.optimizer.given[1])


def norm(gradients: Sequence[Tensor]) -> float:
    return torch.cat([g.flatten() for g in gradients]).norm().item()


@pytest.mark.parametrize("step", [simultaneous_step, alternating_step])
def test_long_gradients_are_scaled_back_each_peer_by_itself(
    tiny: Tiny, recorded_peers: Peers, lesson_of: Lessons, batch: Examples, step: Callable
) -> None:
    free = tiny(ALL, mutual={"weight": 0})
    peers = recorded_peers(free, lr=0.0)
    step(peers, [batch], lesson_of(free), 0)
    gradients = [peer.optimizer.given[0] for peer in peers]
    lengths = [norm(gradient) for gradient in gradients]
    limit = sum(lengths) / 2
    assert min(lengths) < limit < max(lengths)

    clipped = tiny(ALL, mutual={"weight": 0}, training={"clip_norm": limit})
    peers = recorded_peers(clipped, lr=0.0)
    step(peers, [batch], lesson_of(clipped), 0)
    for peer, gradient, length in zip(peers, gradients, lengths, strict=True):
        scale = min(1.0, limit / length)
        close(peer.optimizer.given[0], [g * scale for g in gradient])


@pytest.mark.parametrize("step", [simultaneous_step, alternating_step])
def test_while_warming_up_peers_learn_from_labels_alone(
    config: Tiny, recorded_peers: Peers, lesson_of: Lessons, batch: Examples, step: Callable
) -> None:
    ours = config(peers=2)
    peers = recorded_peers(ours)
    expected = []
    for peer in peers:
        loss = own_loss(peer, [], batch)
        expected.append(torch.autograd.grad(loss, list(peer.network.parameters())))
    losses = step(peers, [batch], lesson_of(ours, warming_up=True), 0)[0]
    for peer, gradient in zip(peers, expected, strict=True):
        close(peer.optimizer.given[0], gradient)
    assert_close(losses.mimicry_T, torch.zeros(len(Task)))
    assert_close(losses.total, losses.supervised_T.sum())
