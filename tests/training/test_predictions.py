"""Saved predictions say what the scores say: the metrics again, in plain NumPy."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.split import Examples
from mdml_tune.tasks import Task
from mdml_tune.training.evaluate import evaluate
from mdml_tune.training.peers import Peer, build_peers
from mdml_tune.training.predictions import Arrays, predict

N, H, W = 5, 16, 24
CLASSES = 4
ALL = tuple(Task)


@pytest.fixture(scope="module")
def peer(tiny: Callable[..., TrialConfig]) -> Peer:
    """After a few steps on chance, so that it says more than one thing."""
    config = tiny(ALL, mutual=None, training={"optimizer": {"learning_rate": 0.03}})
    (peer,) = build_peers(config, seed=0, classes=CLASSES, device=torch.device("cpu"))
    torch.manual_seed(0)
    for _ in range(3):
        said = peer(torch.rand(2, 3, H, W))
        sum(
            (values - torch.rand_like(values)).square().mean() for values in said.values()
        ).backward()
        peer.update()
    return peer


@pytest.fixture(scope="module")
def examples(make_examples: Callable[..., Examples]) -> Examples:
    return make_examples(N, size=(H, W))


@pytest.fixture(scope="module")
def arrays(peer: Peer, examples: Examples) -> Arrays:
    return predict(peer, examples, ALL, 2)


def test_names_shapes_and_types(arrays: Arrays) -> None:
    channels = {Task.DEPTH: 1, Task.NORMALS: 3, Task.EDGES: 1, Task.ALBEDO: 3}
    assert set(arrays) == {
        f"{t}/{what}" for t in Task for what in ("prediction", "target", "valid")
    }
    for task in Task:
        shape = (N, channels[task], H, W) if task in channels else (N, H, W)
        for what in ("prediction", "target"):
            assert arrays[f"{task}/{what}"].shape == shape
            assert arrays[f"{task}/{what}"].dtype == np.float32
        assert arrays[f"{task}/valid"].shape == (N, H, W)
        assert arrays[f"{task}/valid"].dtype == np.bool_


def test_they_are_in_the_order_and_the_values_of_the_data(
    arrays: Arrays, peer: Peer, examples: Examples
) -> None:
    for task in Task:
        assert np.array_equal(arrays[f"{task}/target"], examples.targets[task].numpy())
        assert np.array_equal(arrays[f"{task}/valid"], examples.valid[task].numpy())
    classes = arrays["segmentation/prediction"]
    assert set(np.unique(classes)) <= set(range(CLASSES))
    assert len(np.unique(classes)) > 1
    for task in (Task.EDGES, Task.ALBEDO):
        said = arrays[f"{task}/prediction"]
        assert 0 < said.min() < said.max() < 1
    with torch.no_grad():
        third = peer(examples.images[2:3])
    assert np.array_equal(classes[2], third[Task.SEGMENTATION][0].argmax(dim=0).numpy())
    for task in (Task.DEPTH, Task.NORMALS):
        said = arrays[f"{task}/prediction"][2]
        assert said == pytest.approx(third[task][0].numpy(), rel=1e-4, abs=1e-5)
    probability = 1 / (1 + np.exp(-third[Task.EDGES][0].numpy()))
    assert arrays["edges/prediction"][2] == pytest.approx(probability, abs=1e-5)


# ---------------------------------------------------------------- metrics once more


def labelled(arrays: Arrays, task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Predictions and targets of the labelled pixels, channels last, in float64."""
    said, target = (arrays[f"{task}/{what}"].astype(float) for what in ("prediction", "target"))
    if said.ndim == 4:
        said, target = np.moveaxis(said, 1, -1), np.moveaxis(target, 1, -1)
    valid = arrays[f"{task}/valid"]
    return said[valid], target[valid]


def segmentation(said: np.ndarray, target: np.ndarray) -> dict[str, float]:
    shares = []
    for i in range(CLASSES):
        union = np.sum((said == i) | (target == i))
        if union:
            shares.append(np.sum((said == i) & (target == i)) / union)
    return {"miou": np.mean(shares), "pix_acc": np.mean(said == target)}


def depth(said: np.ndarray, target: np.ndarray) -> dict[str, float]:
    error = np.abs(said - target)
    return {"abs_err": error.mean(), "rel_err": (error / target).mean()}


def normals(said: np.ndarray, target: np.ndarray) -> dict[str, float]:
    cosine = (said * target).sum(axis=1)
    cosine /= np.linalg.norm(said, axis=1) * np.linalg.norm(target, axis=1)
    angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    within = {f"within_{x}": np.mean(angle < x) for x in (11.25, 22.5, 30)}
    return {"mean_angle": angle.mean(), "median_angle": np.median(angle), **within}


def edges(said: np.ndarray, target: np.ndarray) -> dict[str, float]:
    found, true = said[:, 0] > 0.5, target[:, 0] == 1
    f1 = 2 * np.sum(found & true) / (np.sum(found) + np.sum(true))
    precision_times_gain, recall_before = 0.0, 0.0
    for threshold in np.unique(said)[::-1]:
        admitted = said[:, 0] >= threshold
        recall = np.sum(admitted & true) / np.sum(true)
        precision_times_gain += (recall - recall_before) * np.mean(true[admitted])
        recall_before = recall
    return {"f1": f1, "average_precision": precision_times_gain}


def albedo(said: np.ndarray, target: np.ndarray) -> dict[str, float]:
    error = said - target
    return {"mae": np.abs(error).mean(), "psnr": 10 * np.log10(1 / np.square(error).mean())}


FORMULAS = {
    Task.SEGMENTATION: segmentation,
    Task.DEPTH: depth,
    Task.NORMALS: normals,
    Task.EDGES: edges,
    Task.ALBEDO: albedo,
}


@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_scores_are_those_of_the_saved_arrays(
    peer: Peer, examples: Examples, batch_size: int
) -> None:
    scores = evaluate([peer], examples, ALL, batch_size)
    arrays = predict(peer, examples, ALL, batch_size)
    again = {
        f"{task}/{name}": value
        for task in Task
        for name, value in FORMULAS[task](*labelled(arrays, task)).items()
    }
    assert scores == pytest.approx(again, rel=1e-6, abs=0)
    assert 0 < scores["edges/f1"] < 1
    assert 0 < scores["segmentation/miou"] < 1
