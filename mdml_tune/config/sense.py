"""What a schema cannot see: sections that do not fit each other."""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from mdml_tune.config.changes import strongest
from mdml_tune.config.data import CityscapesData, DataConfig, NyuV2Data, RoomsData
from mdml_tune.config.mutual import MutualConfig
from mdml_tune.config.network import (
    NetworkConfig,
    SegNetConfig,
    SegNetMtanConfig,
    UNetConfig,
)
from mdml_tune.config.per_task import PER_TASK
from mdml_tune.config.scd import ScdConfig
from mdml_tune.config.schema import Problem
from mdml_tune.config.trial import TrialConfig
from mdml_tune.tasks import Task

OFFERED: Mapping[type, tuple[Task, ...]] = {
    NyuV2Data: (Task.SEGMENTATION, Task.DEPTH, Task.NORMALS),
    CityscapesData: (Task.SEGMENTATION, Task.DEPTH),
}

SEGNET_MULTIPLE = 32
"""SegNet halves the image five times."""


def problems_of(config: TrialConfig) -> Iterator[Problem]:
    """Everything that keeps the sections of ``config`` from being one trial."""
    yield from _of_data(config.data, config.training.batch_size)
    yield from _of_maps(config)
    for path, network in _networks(config):
        yield from _of_network(path, network, config.data)
    if config.mutual is not None:
        yield from _of_mutual(config.mutual, config)
    if config.scd is not None:
        yield from _of_scd(config.scd, config)
    yield from _of_changes(config)
    yield from _of_comparisons(config)


def _of_data(data: DataConfig, batch_size: int) -> Iterator[Problem]:
    tasks, offered = data.tasks, OFFERED.get(type(data), tuple(Task))
    lacking = [task for task in tasks if task not in offered]
    if len(set(tasks)) < len(tasks):
        yield Problem("data.tasks", f"a task is named twice: {', '.join(tasks)}")
    elif lacking:
        allowed = ", ".join(offered)
        yield Problem(
            "data.tasks", f"{data.dataset} has no {', '.join(lacking)} (allowed: {allowed})"
        )
    if isinstance(data, RoomsData) and batch_size > data.train_size:
        yield Problem("training.batch_size", f"{batch_size} exceeds train_size {data.train_size}")


def _of_maps(config: TrialConfig) -> Iterator[Problem]:
    for one in PER_TASK:
        section = cast("object", getattr(config, one.section))
        if section is None:
            continue
        given = cast("Mapping[Task, float]", getattr(section, one.key))
        wanted = one.owners(config.data.tasks)
        if set(given) != set(wanted):
            yield _unnamed(one.path, given, wanted)


def _unnamed(path: str, given: Mapping[Task, float], wanted: Sequence[Task]) -> Problem:
    return Problem(
        path,
        f"names {', '.join(given) or 'no task'}; it must name each of "
        f"{', '.join(wanted) or 'no task'}, or be one number for all",
    )


def _networks(config: TrialConfig) -> Iterator[tuple[str, NetworkConfig]]:
    peers = 1 if config.mutual is None else config.mutual.peers
    if isinstance(peers, int):
        yield "network", config.network
    else:
        yield from ((f"mutual.peers.{k}", network) for k, network in enumerate(peers))


def _of_network(path: str, network: NetworkConfig, data: DataConfig) -> Iterator[Problem]:
    deep = isinstance(network, SegNetConfig | SegNetMtanConfig)
    if deep and isinstance(data, RoomsData):
        height, width = data.image_size
        if height % SEGNET_MULTIPLE or width % SEGNET_MULTIPLE:
            yield Problem(
                f"{path}.kind",
                f"{network.kind} halves the image five times: both sides of data.image_size must "
                f"be multiples of {SEGNET_MULTIPLE}, found {height} x {width}",
            )


def _of_mutual(mutual: MutualConfig, config: TrialConfig) -> Iterator[Problem]:
    if not isinstance(mutual.peers, int) and mutual.peers[0] != config.network:
        yield Problem(
            "network",
            "differs from the first of mutual.peers; leave network out, the list replaces it",
        )
    epochs = config.training.epochs
    teaches = any(strongest(mutual.weight, config.changes).values())
    if mutual.warmup_epochs >= epochs and teaches:
        yield Problem(
            "mutual.warmup_epochs",
            f"a warm-up of {mutual.warmup_epochs} leaves none of the {epochs} of training.epochs "
            f"to learn from each other; give at most {epochs - 1}",
        )
    if mutual.fusion == "convex":
        yield from _of_shares("mutual.weight", mutual.weight)


def _of_shares(path: str, weights: Mapping[Task, float]) -> Iterator[Problem]:
    for task, weight in weights.items():
        if weight > 1:
            yield Problem(
                f"{path}.{task}",
                f"found {weight:g}; with fusion convex a weight is a share and at most 1",
            )


def _of_changes(config: TrialConfig) -> Iterator[Problem]:
    epochs, before = config.training.epochs, 0
    for i, change in enumerate(config.changes):
        path = f"changes.{i}"
        if change.epoch <= before:
            yield Problem(
                f"{path}.epoch",
                f"found {change.epoch} after {before}; name the changes in the order of their "
                f"epochs, each once",
            )
        if change.epoch >= epochs:
            yield Problem(
                f"{path}.epoch",
                f"after {change.epoch} of the {epochs} of training.epochs nothing is trained any "
                f"more; give at most {epochs - 1}",
            )
        if change.learning_rate is None and change.mimicry is None:
            yield Problem(path, "changes nothing; give learning_rate, mimicry or both")
        before = change.epoch
        if change.mimicry is not None:
            yield from _of_changed_mimicry(f"{path}.mimicry", change.mimicry, config)


def _of_changed_mimicry(
    path: str, mimicry: Mapping[Task, float], config: TrialConfig
) -> Iterator[Problem]:
    if config.mutual is None:
        yield Problem(path, "nobody imitates anybody without mutual; leave mimicry out")
    elif set(mimicry) != set(config.data.tasks):
        yield _unnamed(path, mimicry, config.data.tasks)
    elif config.mutual.fusion == "convex":
        yield from _of_shares(path, mimicry)


def _of_scd(scd: ScdConfig, config: TrialConfig) -> Iterator[Problem]:
    tasks, epochs = config.data.tasks, config.training.epochs
    if scd.similarity == "linear_cka" and scd.grouping_threshold < 0:
        yield Problem(
            "scd.grouping_threshold",
            f"found {scd.grouping_threshold:g}; linear_cka lies in [0, 1]",
        )
    if scd.queue is not None:
        named = [task for block in scd.queue for task in block]
        if sorted(named) != sorted(tasks):
            yield Problem(
                "scd.queue",
                f"names {', '.join(named) or 'no task'}; it must name each of "
                f"{', '.join(tasks)} once",
            )
    stages = 1 if scd.blocks == "one" else len(tasks)
    stages = stages if scd.queue is None else len(scd.queue)
    if (stages - 1) * scd.stage_epochs >= epochs:
        longest = (epochs - 1) // (stages - 1)
        yield Problem(
            "scd.stage_epochs",
            f"{stages} blocks, one after every {scd.stage_epochs} epochs, need more than the "
            f"{epochs} of training.epochs; "
            + (f"give at most {longest}" if longest else f"train for {stages} or more"),
        )


def _of_comparisons(config: TrialConfig) -> Iterator[Problem]:
    """Methods to compare with are run as published, so that their rows mean what they say."""
    beside = {
        "mutual": config.mutual is not None and config.mutual.count > 1,
        "scd": config.scd is not None,
        "weighting": config.weighting.kind != "equal",
        "r_drop": config.r_drop is not None,
    }
    if config.okd_mtl is not None:
        yield from _alone("okd_mtl", [name for name, there in beside.items() if there])
    elif config.r_drop is not None:
        yield from _alone("r_drop", [name for name in ("mutual", "scd") if beside[name]])
    if config.r_drop is not None and _without_dropout(config.network):
        yield Problem(
            "network",
            f"r_drop needs a network with dropout, and this {config.network.kind} has none; give a "
            f"unet some network.dropout, or take deeplabv3 or mtan",
        )


def _alone(name: str, others: Sequence[str]) -> Iterator[Problem]:
    if others:
        remedies = [
            "weighting.kind to equal" if o == "weighting" else f"{o} to null" for o in others
        ]
        yield Problem(
            name,
            f"cannot be combined with {', '.join(others)}; set {name} to null, or "
            f"{' and '.join(remedies)}",
        )


def _without_dropout(network: NetworkConfig) -> bool:
    match network:
        case SegNetConfig() | SegNetMtanConfig():
            return True
        case UNetConfig():
            return network.dropout == 0
        case _:
            return False
