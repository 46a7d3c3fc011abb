"""bfloat16: networks compute in it, and nothing else does."""

from collections.abc import Callable

import pytest
import torch

from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.split import Examples
from mdml_tune.models.network import tensors
from mdml_tune.tasks import Task
from mdml_tune.training.peers import Peer, build_peers
from mdml_tune.training.precision import computing
from mdml_tune.training.predictions import predict
from mdml_tune.training.step import Lesson, simultaneous_step
from mdml_tune.training.trainer import Trainer

Tiny = Callable[..., TrialConfig]

ALL = tuple(Task)
NETWORKS = [
    ({"kind": "unet", "width": 4}, [16, 24]),
    ({"kind": "segnet", "width": 4}, [32, 32]),
    ({"kind": "segnet_mtan", "width": 4}, [32, 32]),
]


def peers_of(config: TrialConfig) -> list[Peer]:
    return build_peers(config, seed=0, classes=4, device=torch.device("cpu"))


@pytest.mark.parametrize(("network", "size"), NETWORKS)
def test_predictions_and_losses_are_in_float32(
    tiny: Tiny,
    make_examples: Callable[..., Examples],
    lesson_of: Callable[..., Lesson],
    network: dict[str, object],
    size: list[int],
) -> None:
    config = tiny(ALL, network=network, data={"image_size": size}, training={"precision": "bf16"})
    peers, batch = peers_of(config), make_examples(2, size=size)
    seen = peers[0].look_in_training(batch.images, 0)
    assert {x.dtype for x in tensors(seen.features)} == {torch.bfloat16}
    for task in Task:
        assert seen.predictions[task].dtype == torch.float32
        assert seen.predictions[task].shape[-2:] == tuple(size)
    losses = simultaneous_step(peers, [batch], lesson_of(config), 0)[0]
    for values in (losses.combined_T, losses.supervised_T, losses.mimicry_T, losses.total):
        assert values.dtype == torch.float32
        assert values.isfinite().all()
    assert all(p.dtype == torch.float32 for p in peers[0].parameters())


def test_unit_vectors_are_as_long_as_in_float32(
    tiny: Tiny, make_examples: Callable[..., Examples]
) -> None:
    # Rounded to eight bits they would be off by 1e-3.
    (peer, _) = peers_of(tiny(ALL, training={"precision": "bf16"}))
    lengths = peer(make_examples(2).images)[Task.NORMALS].norm(dim=1)
    torch.testing.assert_close(lengths, torch.ones_like(lengths), rtol=1e-5, atol=0)


def test_training_learns_nearly_as_in_float32(
    tiny: Tiny, make_examples: Callable[..., Examples]
) -> None:
    reports = {}
    for precision in ("fp32", "bf16"):
        training = {"precision": precision, "epochs": 6, "optimizer": {"learning_rate": 0.01}}
        config = tiny(["depth"], training=training)
        train = make_examples(4, tasks=config.data.tasks)
        trainer = Trainer.build(config, seed=0, train=train, val=train, baseline=None)
        reports[precision] = [trainer.run_epoch() for _ in range(6)]
        said = predict(trainer.peers[0], train, config.data.tasks, 2)
        assert said["depth/prediction"].dtype == "float32"
    first, last = reports["bf16"][0], reports["bf16"][-1]
    assert last["train/loss"] < 0.9 * first["train/loss"]
    assert first["train/loss"] != reports["fp32"][0]["train/loss"]
    assert first["train/loss"] == pytest.approx(reports["fp32"][0]["train/loss"], rel=0.02)


def test_outside_nothing_changes() -> None:
    a = torch.rand(3, 3)
    with computing("bf16", a.device):
        assert (a @ a).dtype == torch.bfloat16
    assert (a @ a).dtype == torch.float32
    with computing("fp32", a.device):
        assert (a @ a).dtype == torch.float32
