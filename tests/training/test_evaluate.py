"""What is reported of one peer, of several, and of all together."""

from collections.abc import Callable

import pytest
import torch

from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.split import Examples
from mdml_tune.tasks import Task, metrics_of
from mdml_tune.training.evaluate import evaluate
from mdml_tune.training.metrics import build_meter, ensemble
from mdml_tune.training.peers import Peer, build_peers

TASKS = tuple(Task)
PATHS = {metric.path for metric in metrics_of(TASKS)}


@pytest.fixture
def peers(tiny: Callable[..., TrialConfig]) -> list[Peer]:
    config = tiny([task.value for task in Task], mutual={"peers": 3})
    return build_peers(config, seed=0, classes=4, device=torch.device("cpu"))


@pytest.fixture
def examples(make_examples: Callable[..., Examples]) -> Examples:
    return make_examples(5)


def test_one_peer_has_scores_and_nothing_else(peers: list[Peer], examples: Examples) -> None:
    assert set(evaluate(peers[:1], examples, TASKS, 2)) == PATHS


def test_several_peers_have_their_mean_ensemble_and_disagreement(
    peers: list[Peer], examples: Examples
) -> None:
    assert set(evaluate(peers, examples, TASKS, 2)) == (
        PATHS
        | {f"peers_mean/{path}" for path in PATHS}
        | {f"ensemble/{path}" for path in PATHS}
        | {f"disagreement/{task}" for task in TASKS}
    )


def test_reported_is_peer_0_and_the_mean_is_of_all(peers: list[Peer], examples: Examples) -> None:
    scores = evaluate(peers, examples, TASKS, 2)
    each = [evaluate([peer], examples, TASKS, 2) for peer in peers]
    for path in PATHS:
        assert scores[path] == each[0][path]
        assert scores[f"peers_mean/{path}"] == pytest.approx(sum(s[path] for s in each) / 3)
    assert each[0] != each[1]


def test_ensemble_is_scored_as_a_network_would_be(peers: list[Peer], examples: Examples) -> None:
    scores = evaluate(peers, examples, TASKS, 2)
    with torch.inference_mode():
        said = [peer.network(examples.images) for peer in peers]
    for task in TASKS:
        meter = build_meter(task, examples.classes)
        together = ensemble(task, [predictions[task] for predictions in said])
        meter.update(together, examples.targets[task], examples.valid[task])
        for name, value in meter.compute().items():
            assert scores[f"ensemble/{task}/{name}"] == pytest.approx(value, rel=1e-4)


def test_equal_peers_agree_and_their_ensemble_is_one_of_them(
    peers: list[Peer], examples: Examples
) -> None:
    for peer in peers[1:]:
        peer.network.load_state_dict(peers[0].network.state_dict())
    scores = evaluate(peers, examples, TASKS, 2)
    for task in TASKS:
        assert scores[f"disagreement/{task}"] == 0
    for path in PATHS:
        assert scores[f"ensemble/{path}"] == pytest.approx(scores[path], rel=1e-5)
        assert scores[f"peers_mean/{path}"] == pytest.approx(scores[path])


def test_disagreement_is_the_mean_over_pairs(peers: list[Peer], examples: Examples) -> None:
    scores = evaluate(peers, examples, TASKS, 2)
    pairs = [
        evaluate([peers[i], peers[j]], examples, TASKS, 2) for i, j in ((0, 1), (0, 2), (1, 2))
    ]
    for task in TASKS:
        key = f"disagreement/{task}"
        assert scores[key] == pytest.approx(sum(pair[key] for pair in pairs) / 3)
        assert scores[key] > 0


def test_batch_size_does_not_change_a_score(peers: list[Peer], examples: Examples) -> None:
    one, all_at_once = (evaluate(peers, examples, TASKS, size) for size in (1, 5))
    # Convolutions may sum in another order; metrics may not care.
    assert one == pytest.approx(all_at_once, rel=1e-4)


def test_evaluation_leaves_no_trace(peers: list[Peer], examples: Examples) -> None:
    before = [
        {name: value.clone() for name, value in peer.network.state_dict().items()} for peer in peers
    ]
    chance, first = torch.get_rng_state(), evaluate(peers, examples, TASKS, 2)
    for peer, state in zip(peers, before, strict=True):
        for name, value in peer.network.state_dict().items():
            assert torch.equal(value, state[name])
        assert all(p.grad is None and p.requires_grad for p in peer.network.parameters())
    assert torch.equal(torch.get_rng_state(), chance)
    assert evaluate(peers, examples, TASKS, 2) == first
