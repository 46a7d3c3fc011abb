"""From a trial's configuration to its tutor."""

from collections.abc import Sequence

import torch

from mdml_tune.config.comparisons import OkdMtlConfig
from mdml_tune.config.load import single_task
from mdml_tune.config.scd import ScdConfig
from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.split import Split
from mdml_tune.errors import ConfigError
from mdml_tune.scd.queue import shuffled
from mdml_tune.scd.teachers import Teachers
from mdml_tune.training.adapting import build_adapting
from mdml_tune.training.distilled import Distilled
from mdml_tune.training.online import Online
from mdml_tune.training.peers import Peer, build_peer, derived_seed
from mdml_tune.training.r_drop import RDrop
from mdml_tune.training.tutor import Tutor

ADAPTOR_STREAM = 2_000_000
TEACHER_STREAM = 3_000_000
QUEUE_STREAM = 4_000_000
"""Streams of random numbers, apart from those of the peers and of the order."""


def build_tutor(
    config: TrialConfig,
    peers: Sequence[Peer],
    split: Split,
    *,
    seed: int,
    teachers: Teachers | None,
) -> Tutor | None:
    """What the peers learn from besides labels and each other; none where nothing is asked for.

    Raises:
        ConfigError: SCD without teachers or queue, or of features that a network does not show.
    """
    if config.scd is not None:
        return _distilled(config, config.scd, peers, split, seed=seed, teachers=teachers)
    if config.okd_mtl is not None:
        return _online(config, config.okd_mtl, peers[0], split, seed=seed)
    if config.r_drop is not None:
        return RDrop(config.data.tasks, config.r_drop.weight)
    return None


def _distilled(
    config: TrialConfig,
    scd: ScdConfig,
    peers: Sequence[Peer],
    split: Split,
    *,
    seed: int,
    teachers: Teachers | None,
) -> Distilled:
    if scd.queue is None or teachers is None:
        missing = "single-task networks" if teachers is None else "queue of blocks"
        raise ConfigError(
            f"scd: this trial has no {missing} to be distilled from. Run it as part of a study, or "
            f"train the baselines of its study first (mdml-tune baselines)."
        )
    queue = scd.queue
    if scd.order == "random":
        queue = shuffled(queue, derived_seed(seed, QUEUE_STREAM))
    adapting = []
    if scd.distil == "features":
        adapting = [
            build_adapting(
                scd.adaptor,
                peer.network,
                teachers.networks,
                split.size,
                split.device,
                seed=derived_seed(seed, ADAPTOR_STREAM + k),
            )
            for k, peer in enumerate(peers)
        ]
    return Distilled(scd, queue, config.data.tasks, teachers, config.training.precision, adapting)


def _online(
    config: TrialConfig, okd: OkdMtlConfig, student: Peer, split: Split, *, seed: int
) -> Online:
    tasks = config.data.tasks
    teachers = {
        task: build_peer(
            config.network,
            single_task(config, task),
            derived_seed(seed, TEACHER_STREAM + k),
            split.classes,
            split.device,
        )
        for k, task in enumerate(tasks)
    }
    adapting = build_adapting(
        okd.adaptor,
        student.network,
        {task: teacher.network for task, teacher in teachers.items()},
        split.size,
        split.device,
        seed=derived_seed(seed, ADAPTOR_STREAM),
        scaled=True,
    )
    return Online(okd, teachers, adapting, torch.ones(len(tasks), device=split.device))
