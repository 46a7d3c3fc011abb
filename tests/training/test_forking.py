"""A fork is the training of its whole configuration from the beginning, bit for bit."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.split import Examples
from mdml_tune.records import EpochReport
from mdml_tune.training.checkpoint import load_checkpoint, newest_epoch, save_checkpoint
from mdml_tune.training.forking import fork, inherited
from mdml_tune.training.trainer import Trainer

EPOCHS = 3

Build = Callable[..., Trainer]


@pytest.fixture
def build(tiny: Callable[..., TrialConfig], make_examples: Callable[..., Examples]) -> Build:
    def make(**sections: Any) -> Trainer:
        config = tiny(("segmentation", "depth"), **{"training": {"epochs": EPOCHS}, **sections})
        train = make_examples(4, tasks=config.data.tasks)
        val = make_examples(2, tasks=config.data.tasks, seed=1)
        return Trainer.build(config, seed=0, train=train, val=val, baseline=None)

    return make


def trained(trainer: Trainer, boundaries: Path | None = None) -> tuple[EpochReport, ...]:
    """To its end, with every checkpoint kept; its reports, untimed."""
    reports = []
    while trainer.epoch < EPOCHS:
        metrics = trainer.run_epoch()
        kept = {name: value for name, value in metrics.items() if not name.startswith("time/")}
        reports.append(EpochReport(trainer.epoch, 1000 + trainer.epoch, kept))
        if boundaries is not None:
            save_checkpoint(boundaries, trainer.epoch, trainer.state(), kept=None)
    return tuple(reports)


def resumed(trainer: Trainer, checkpoints: Path) -> Trainer:
    found = load_checkpoint(checkpoints)
    assert found is not None
    trainer.restore(found[1])
    return trainer


def same_networks(one: Trainer, other: Trainer) -> bool:
    pairs = zip(one.peers, other.peers, strict=True)
    states = [(a.network.state_dict(), b.network.state_dict()) for a, b in pairs]
    return all(torch.equal(a[name], b[name]) for a, b in states for name in a)


KINDS = [
    {},
    {"mutual": {"peers": 2, "warmup_epochs": 2, "ramp": 1}},
    {"mutual": {"peers": 2, "update": "alternating"}},
    {"mutual": {"peers": 2, "weight": 0.5, "fusion": "convex"}},
    {"network": {"kind": "unet", "width": 4, "dropout": 0.4}},
    {"weighting": {"kind": "dwa"}},
    {"training": {"epochs": EPOCHS, "optimizer": {"kind": "sgd"}}},
    {"mutual": None, "okd_mtl": {}},
]


@pytest.mark.parametrize(
    ("sections", "epoch"), [({}, 1), *((sections, 2) for sections in KINDS)], ids=repr
)
def test_a_fork_ends_like_its_configuration_from_scratch(
    build: Build, tmp_path: Path, sections: dict[str, Any], epoch: int
) -> None:
    mimicry = {} if sections.get("mutual", {}) is None else {"mimicry": 0.4}
    changes = [{"epoch": epoch, "learning_rate": 0.01, **mimicry}]
    reports = trained(build(**sections), tmp_path / "donor")
    scratch = build(**sections, changes=changes)
    whole = trained(scratch)

    fork(tmp_path / "donor", epoch, tmp_path / "child")
    child = resumed(build(**sections, changes=changes), tmp_path / "child")
    assert child.epoch == epoch
    history = inherited(reports, epoch, child.config) + trained(child)
    assert history == whole
    assert history != reports
    assert same_networks(child, scratch)


def test_a_fork_of_a_fork_too(build: Build, tmp_path: Path) -> None:
    first, second = {"epoch": 1, "learning_rate": 0.01}, {"epoch": 2, "mimicry": 4}
    reports = trained(build(), tmp_path / "donor")
    fork(tmp_path / "donor", 1, tmp_path / "child")
    child = resumed(build(changes=[first]), tmp_path / "child")
    of_child = inherited(reports, 1, child.config) + trained(child, tmp_path / "boundaries")
    fork(tmp_path / "boundaries", 2, tmp_path / "grandchild")
    grandchild = resumed(build(changes=[first, second]), tmp_path / "grandchild")
    scratch = build(changes=[first, second])
    assert inherited(of_child, 2, grandchild.config) + trained(grandchild) == trained(scratch)
    assert same_networks(grandchild, scratch)


def test_a_child_that_has_come_as_far_is_left_alone(tmp_path: Path) -> None:
    donor, child = tmp_path / "donor", tmp_path / "child"
    save_checkpoint(donor, 2, {"epoch": 2})
    fork(donor, 2, child)
    shutil.rmtree(donor)  # it is needed no more
    fork(donor, 2, child)
    for epoch in (3, 4):
        save_checkpoint(child, epoch, {"epoch": epoch, "its": "own"})
        fork(donor, 2, child)
        assert load_checkpoint(child) == (epoch, {"epoch": epoch, "its": "own"})


def test_a_fork_that_was_cut_short_is_made_again(build: Build, tmp_path: Path) -> None:
    trained(build(), tmp_path / "donor")
    (tmp_path / "child" / "tmp-4711-2").mkdir(parents=True)  # killed before the commit
    fork(tmp_path / "donor", 2, tmp_path / "child")
    assert newest_epoch(tmp_path / "child") == 2


def test_only_the_very_epoch_will_do(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "donor", 3, {"epoch": 3})
    with pytest.raises(FileNotFoundError, match="No whole checkpoint of epoch 2"):
        fork(tmp_path / "donor", 2, tmp_path / "child")


def test_what_is_inherited_keeps_its_time_of_birth(tiny: Callable[..., TrialConfig]) -> None:
    reports = [EpochReport(epoch, 7 * epoch, {"time/epoch_seconds": 2.0}) for epoch in (1, 2, 3)]
    found = inherited(reports, 2, tiny(changes=[{"epoch": 2, "learning_rate": 0.5}]))
    assert [report.timestamp_ms for report in found] == [7, 14]
    assert [report.metrics["time/epoch_seconds"] for report in found] == [2.0, 2.0]
    assert [report.metrics["schedule/learning_rate"] for report in found] == [0.001, 0.001]
