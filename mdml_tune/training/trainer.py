"""The training of a trial, epoch by epoch; read it top to bottom.

Everything random comes from the trial's seed, and all state that an epoch hands to the next is in
``Trainer.state``: a trial that is stopped and resumed ends bit for bit like one that was not.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import torch
from torch import Tensor

from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.augment import flip
from mdml_tune.data.split import Examples
from mdml_tune.delta_m import Convention, delta_m, task_gain
from mdml_tune.losses.weighting import build_weighting
from mdml_tune.records import DIVERGED, Scores
from mdml_tune.tasks import METRICS, Task
from mdml_tune.training.checkpoint import State
from mdml_tune.training.evaluate import evaluate
from mdml_tune.training.peers import ORDER_STREAM, Peer, build_peers, derived_seed
from mdml_tune.training.schedule import rate_factor
from mdml_tune.training.step import Lesson, Losses, alternating_step, simultaneous_step


class DivergedError(ArithmeticError):
    """A loss or a score stopped being a finite number; the message says which, and when."""


@dataclass(slots=True)
class Trainer:
    """The peers of one trial, and how far they have come."""

    config: TrialConfig
    train: Examples
    val: Examples
    peers: list[Peer]
    order: torch.Generator
    """Of the order of the images, and of the augmentation."""
    baseline: Scores | None
    """Val scores of the single-task networks: the reference of delta-m; none where unknown."""
    epoch: int = field(default=0)
    """Epochs completed."""

    @classmethod
    def build(
        cls,
        config: TrialConfig,
        *,
        seed: int,
        train: Examples,
        val: Examples,
        baseline: Scores | None,
    ) -> "Trainer":
        device = train.images.device
        peers = build_peers(config, seed=seed, classes=train.classes, device=device)
        order = torch.Generator().manual_seed(derived_seed(seed, ORDER_STREAM))
        return cls(config, train, val, peers, order, baseline)

    def run_epoch(self) -> dict[str, float]:
        """Train for one epoch and score it: the metrics of its report.

        Raises:
            DivergedError: A loss or a score is not finite.
        """
        start = time.monotonic()
        losses = self._learn()
        self.epoch += 1
        report = self._report_of(losses) | self._scores()
        _check_finite(report, self.epoch)
        return report | {"time/epoch_seconds": time.monotonic() - start}

    def score(self, examples: Examples) -> dict[str, float]:
        """Scores on another split, named as ``evaluate`` does, without the disagreement."""
        scores = self._evaluate(self.peers, examples)
        return {k: v for k, v in scores.items() if not k.startswith("disagreement/")}

    def state(self) -> State:
        """Everything the next epoch depends on."""
        return {
            "epoch": self.epoch,
            "networks": [peer.network.state_dict() for peer in self.peers],
            "optimizers": [peer.optimizer.state_dict() for peer in self.peers],
            "order": self.order.get_state(),
        }

    def restore(self, state: State) -> None:
        """Go on from ``state`` as if never interrupted."""
        self.epoch = cast("int", state["epoch"])
        networks = cast("list[dict[str, Tensor]]", state["networks"])
        optimizers = cast("list[dict[str, object]]", state["optimizers"])
        for peer, network, optimizer in zip(self.peers, networks, optimizers, strict=True):
            peer.network.load_state_dict(network)
            peer.optimizer.load_state_dict(optimizer)
        self.order.set_state(cast("Tensor", state["order"]))

    def _learn(self) -> list[Losses]:
        training, mutual = self.config.training, self.config.mutual
        warming_up = mutual is None or self.epoch < mutual.warmup_epochs
        lesson = Lesson(
            tasks=self.config.data.tasks,
            weighting=build_weighting(self.config.weighting),
            mutual=None if warming_up else mutual,
            clip_norm=training.clip_norm,
        )
        alternating = mutual is not None and mutual.update == "alternating"
        take_step = alternating_step if alternating else simultaneous_step
        for peer in self.peers:
            peer.network.train()
        losses: list[Losses] = []
        chosen = torch.randperm(len(self.train), generator=self.order).split(training.batch_size)
        for i, indices in enumerate(chosen):
            self._set_rate(self.epoch * len(chosen) + i, len(chosen))
            losses.append(take_step(self.peers, self._batch(indices), lesson))
        return losses

    def _batch(self, indices: Tensor) -> Examples:
        device = self.train.images.device
        batch = self.train.batch(indices.to(device, non_blocking=True))
        if self.config.data.augmentation == "none":
            return batch
        mirrored = torch.rand(len(indices), generator=self.order) < 0.5  # noqa: PLR2004
        return flip(batch, mirrored.to(device, non_blocking=True))

    def _set_rate(self, step: int, steps_per_epoch: int) -> None:
        training = self.config.training
        factor = rate_factor(
            training.schedule, step=step, steps_per_epoch=steps_per_epoch, epochs=training.epochs
        )
        for peer in self.peers:
            for group in peer.optimizer.param_groups:
                group["lr"] = training.optimizer.learning_rate * factor

    def _report_of(self, losses: Sequence[Losses]) -> dict[str, float]:
        """Losses of the reported network, averaged over the steps of the epoch."""
        tasks = self.config.data.tasks
        means = torch.cat(
            [
                torch.stack([step.total for step in losses]).mean(dim=0, keepdim=True),
                torch.stack([step.supervised_T for step in losses]).mean(dim=0),
                torch.stack([step.mimicry_T for step in losses]).mean(dim=0),
            ]
        ).tolist()  # the first time in the epoch that the host waits for the device
        names = ["train/loss", *(f"train/{task}/supervised" for task in tasks)]
        if self.config.mutual is not None:
            names += [f"train/{task}/mimicry" for task in tasks]
        return dict(zip(names, means, strict=False))

    def _scores(self) -> dict[str, float]:
        scores = self._evaluate(self.peers, self.val)
        report = {
            f"peer_{name}" if name.startswith("disagreement/") else f"val/{name}": value
            for name, value in scores.items()
        }
        report |= _gaps(self._evaluate(self.peers[:1], self.train), scores, self.config.data.tasks)
        if self.baseline is not None:
            report |= _delta_scores(scores, self.baseline, self.config.data.tasks)
        return report

    def _evaluate(self, peers: Sequence[Peer], examples: Examples) -> dict[str, float]:
        return evaluate(
            peers, examples, self.config.data.tasks, 4 * self.config.training.batch_size
        )


def _gaps(train: Scores, val: Scores, tasks: Sequence[Task]) -> dict[str, float]:
    """Train minus val, turned so that a positive gap is overfitting, in the metric's unit."""
    return {
        f"gap/{m.path}": (train[m.path] - val[m.path]) * (1 if m.higher_is_better else -1)
        for task in tasks
        for m in METRICS[task]
    }


def _delta_scores(scores: Scores, baseline: Scores, tasks: Sequence[Task]) -> dict[str, float]:
    """Delta-m of the reported network, its parts, and that of the ensemble, in percent."""
    report = {
        "val/delta_m": delta_m(scores, baseline, tasks),
        "val/delta_m_drop": delta_m(scores, baseline, tasks, convention=Convention.DROP),
        **{f"val/delta_m/{task}": task_gain(scores, baseline, task) for task in tasks},
    }
    ensemble = {
        name.removeprefix("ensemble/"): value
        for name, value in scores.items()
        if name.startswith("ensemble/")
    }
    if ensemble:
        report["val/ensemble/delta_m"] = delta_m(ensemble, baseline, tasks)
    return report


def _check_finite(report: Mapping[str, float], epoch: int) -> None:
    for name, value in report.items():
        if not math.isfinite(value):
            raise DivergedError(f"{DIVERGED} in epoch {epoch}: {name} is {value}")
