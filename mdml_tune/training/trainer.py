"""The training of a trial, epoch by epoch; read it top to bottom.

Everything random comes from the trial's seed, and all state that an epoch hands to the next is in
``Trainer.state``: a trial that is stopped and resumed ends bit for bit like one that was not.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import torch
from torch import Tensor

from mdml_tune.config.mutual import MutualConfig
from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.augment import augment
from mdml_tune.data.split import Examples, Split
from mdml_tune.records import Scores
from mdml_tune.scd.teachers import Teachers
from mdml_tune.training.changing import InForce, in_force, schedule_report
from mdml_tune.training.checkpoint import State
from mdml_tune.training.evaluate import evaluate
from mdml_tune.training.peers import ORDER_STREAM, Peer, build_peers, derived_seed
from mdml_tune.training.report import check_finite, loss_report, score_report
from mdml_tune.training.schedule import rate_factor
from mdml_tune.training.step import Lesson, Losses, alternating_step, simultaneous_step
from mdml_tune.training.tutor import Tutor
from mdml_tune.training.tutors import build_tutor


@dataclass(slots=True)
class Trainer:
    """The peers of one trial, and how far they have come."""

    config: TrialConfig
    train: Split
    val: Split
    peers: list[Peer]
    tutor: Tutor | None
    """What they learn from besides labels and each other."""
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
        train: Split,
        val: Split,
        baseline: Scores | None,
        teachers: Teachers | None = None,
    ) -> "Trainer":
        """Fresh networks, on the device on which ``train`` makes its batches.

        Args:
            config: In its canonical form.
            seed: Fixes everything random.
            train: What is learnt from.
            val: What each epoch is scored on.
            baseline: Reference of delta-m.
            teachers: The single-task networks that ``config.scd`` distils from.
        """
        device = train.device
        peers = build_peers(config, seed=seed, classes=train.classes, device=device)
        tutor = build_tutor(config, peers, train, seed=seed, teachers=teachers)
        order = torch.Generator().manual_seed(derived_seed(seed, ORDER_STREAM))
        return cls(config, train, val, peers, tutor, order, baseline)

    def run_epoch(self) -> dict[str, float]:
        """Train for one epoch and score it: the metrics of its report.

        Raises:
            DivergedError: A loss or a score is not finite.
        """
        start, worked = time.monotonic(), time.process_time()
        report = self._learn() | schedule_report(self.config, self.epoch)
        self.epoch += 1
        check_finite(report, self.epoch)
        report |= self._scores()
        check_finite(report, self.epoch)
        return report | {
            "time/epoch_seconds": time.monotonic() - start,
            "time/process_seconds": time.process_time() - worked,  # of all CPU threads together
        }

    def score(self, split: Split) -> dict[str, float]:
        """Scores on another split, named as ``evaluate`` does, without the disagreement."""
        scores = self._evaluate(self.peers, split)
        return {k: v for k, v in scores.items() if not k.startswith("disagreement/")}

    def state(self) -> State:
        """Everything the next epoch depends on."""
        return {
            "epoch": self.epoch,
            "peers": [peer.state() for peer in self.peers],
            "tutor": {} if self.tutor is None else self.tutor.state(),
            "order": self.order.get_state(),
        }

    def restore(self, state: State) -> None:
        """Go on from ``state`` as if never interrupted."""
        self.epoch = cast("int", state["epoch"])
        for peer, saved in zip(self.peers, cast("list[State]", state["peers"]), strict=True):
            peer.restore(saved)
        if self.tutor is not None:
            self.tutor.restore(cast("State", state["tutor"]))
        self.order.set_state(cast("Tensor", state["order"]))

    def _learn(self) -> dict[str, float]:
        """One pass over the training split; what peer 0 paid, averaged over the steps."""
        training, now = self.config.training, in_force(self.config, self.epoch)
        mutual = now.mutual
        alternating = mutual is not None and mutual.update == "alternating"
        take_step = alternating_step if alternating else simultaneous_step
        lesson = self._lesson(now)
        for peer in self._learners():
            peer.network.train()
        chosen = torch.randperm(len(self.train), generator=self.order).split(training.batch_size)
        starts = range(0, len(chosen), training.accumulate)
        paid: list[list[Losses]] = []
        for i, start in enumerate(starts):
            self._set_rate(now.learning_rate, self.epoch * len(starts) + i, len(starts))
            batches = [self._batch(rows) for rows in chosen[start : start + training.accumulate]]
            paid.append(take_step(self.peers, batches, lesson, self.epoch * len(chosen) + start))
        means = loss_report([of_step[0] for of_step in paid], self.config)
        self._end_epoch(paid)
        return means

    def _lesson(self, now: InForce) -> Lesson:
        mutual = now.mutual
        share = mimicry_share(mutual, self.epoch) if mutual and mutual.teaches else 0.0
        if self.tutor is not None:
            self.tutor.begin_epoch(self.epoch)
        return Lesson(
            tasks=self.config.data.tasks,
            mutual=mutual if share > 0 else None,
            share=share,
            tutor=self.tutor,
        )

    def _end_epoch(self, paid: Sequence[Sequence[Losses]]) -> None:
        """``paid``: for each step what each peer paid."""
        for k, peer in enumerate(self.peers):
            combined_T = torch.stack([of_step[k].combined_T for of_step in paid]).mean(dim=0)
            peer.weighting.end_epoch(combined_T)
        if self.tutor is not None:
            supervised = [of_step[0].supervised_T for of_step in paid]
            self.tutor.end_epoch(torch.stack(supervised).mean(dim=0))

    def _batch(self, indices: Tensor) -> Examples:
        return augment(self.train.batch(indices), self.config.data.augmentation, self.order)

    def _set_rate(self, full: float, step: int, steps_per_epoch: int) -> None:
        training = self.config.training
        factor = rate_factor(
            training.schedule, step=step, steps_per_epoch=steps_per_epoch, epochs=training.epochs
        )
        for peer in self._learners():
            for group in peer.optimizer.param_groups:
                group["lr"] = full * factor

    def _learners(self) -> list[Peer]:
        return [*self.peers, *(() if self.tutor is None else self.tutor.learners)]

    def _scores(self) -> dict[str, float]:
        val = self._evaluate(self.peers, self.val)
        train = self._evaluate(self.peers[:1], self.train)
        return score_report(val, train, self.baseline, self.config.data.tasks)

    def _evaluate(self, peers: Sequence[Peer], split: Split) -> dict[str, float]:
        return evaluate(peers, split, self.config.data.tasks, 4 * self.config.training.batch_size)


def mimicry_share(mutual: MutualConfig, epoch: int) -> float:
    """Share of the full mimicry weight in ``epoch``, counted from 0.

    0 in the warm-up, then in equal steps up to 1 after ``mutual.ramp`` more epochs.
    """
    since = epoch - mutual.warmup_epochs + 1
    return min(1.0, max(0, since) / (mutual.ramp + 1))
