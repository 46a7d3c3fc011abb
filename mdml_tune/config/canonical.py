"""One spelling for each training: configurations that train alike are equal."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar, cast

from mdml_tune.config.changes import Change, learning_rate_at, mimicry_at, strongest
from mdml_tune.config.mutual import MutualConfig
from mdml_tune.config.per_task import PER_TASK, PLAIN_TEMPERATURE
from mdml_tune.config.scd import Block, ScdConfig
from mdml_tune.config.trial import TrialConfig
from mdml_tune.tasks import Task

V = TypeVar("V")


def canonical(config: TrialConfig) -> TrialConfig:
    """The same trial: tasks in the vocabulary's order, and what has no effect at its default."""
    tasks = _ordered(config.data.tasks)
    config = replace(config, data=replace(config.data, tasks=tasks))
    for one in PER_TASK:
        section = cast("object", getattr(config, one.section))
        if section is not None:
            values = cast("Mapping[Task, float]", getattr(section, one.key))
            section = replace(section, **{one.key: _sorted(values)})  # pyright: ignore[reportArgumentType, reportCallIssue]
            config = replace(config, **{one.section: section})
    mutual = None if config.mutual is None else _mutual(config.mutual, config.changes)
    scd = None if config.scd is None else _scd(config.scd, tasks)
    return _with_changes(replace(config, mutual=mutual, scd=scd))


def _with_changes(config: TrialConfig) -> TrialConfig:
    """Only what differs from what holds already is a change."""
    kept: list[Change] = []
    rate = config.training.optimizer.learning_rate
    for change in config.changes:
        if change.learning_rate == learning_rate_at(rate, kept, change.epoch):
            change = replace(change, learning_rate=None)  # noqa: PLW2901
        change = replace(change, mimicry=_changed_mimicry(config, kept, change))  # noqa: PLW2901
        if change.learning_rate is not None or change.mimicry is not None:
            kept.append(change)
    return replace(config, changes=tuple(kept))


def _changed_mimicry(
    config: TrialConfig, before: Sequence[Change], change: Change
) -> dict[Task, float] | None:
    if config.mutual is None or change.mimicry is None:
        return None
    holding = mimicry_at(config.mutual.weight, before, change.epoch)
    return None if change.mimicry == holding else _sorted(change.mimicry)


def _mutual(mutual: MutualConfig, changes: Sequence[Change]) -> MutualConfig | None:
    peers = mutual.peers
    if not isinstance(peers, int) and all(peer == peers[0] for peer in peers):
        peers = len(peers)
    if peers == 1:
        return None
    ever = strongest(mutual.weight, changes)
    temperature = _felt(mutual.temperature, ever)
    if not any(ever.values()):
        return MutualConfig(peers=peers, weight=mutual.weight, temperature=temperature)
    mutual = replace(mutual, peers=peers, temperature=temperature)
    # The mean of the one other peer is that peer.
    return replace(mutual, target="each") if mutual.count == 2 else mutual  # noqa: PLR2004


def _scd(scd: ScdConfig, tasks: tuple[Task, ...]) -> ScdConfig | None:
    if not any(scd.weight.values()):
        return None
    queue = scd.queue
    if queue is None and (scd.blocks == "one" or len(tasks) == 1):
        queue = (tasks,)
    if queue is None and scd.blocks == "each" and scd.order == "random":
        queue = tuple((task,) for task in tasks)
    if scd.distil == "outputs":
        scd = _at_default(scd, "adaptor", "target")
        scd = replace(scd, temperature=_felt(scd.temperature, scd.weight))
    else:
        scd = replace(scd, temperature=dict.fromkeys(scd.temperature, PLAIN_TEMPERATURE))
    if queue is not None:
        return _queued(scd, queue)
    if scd.blocks == "each":
        return _at_default(scd, "similarity", "linkage", "grouping_threshold")
    return scd


def _queued(scd: ScdConfig, queue: tuple[Block, ...]) -> ScdConfig:
    """How the queue was found has no effect any more."""
    queue = tuple(_ordered(block) for block in queue)
    scd = _at_default(scd, "blocks", "similarity", "linkage", "grouping_threshold")
    if len(queue) == 1:
        scd = _at_default(scd, "order", "activation", "stage_epochs")
    elif scd.order == "random":
        queue = tuple(sorted(queue, key=lambda block: list(Task).index(block[0])))
    else:
        scd = _at_default(scd, "order")
    return replace(scd, queue=queue)


def _at_default(scd: ScdConfig, *names: str) -> ScdConfig:
    defaults = ScdConfig(weight=scd.weight, temperature=scd.temperature)
    return replace(scd, **{name: getattr(defaults, name) for name in names})


def _felt(temperature: Mapping[Task, float], weight: Mapping[Task, float]) -> dict[Task, float]:
    """Temperatures that have an effect; those of losses without weight are at their default."""
    return {t: value if weight[t] else PLAIN_TEMPERATURE for t, value in temperature.items()}


def _ordered(tasks: tuple[Task, ...]) -> tuple[Task, ...]:
    return tuple(task for task in Task if task in tasks)


def _sorted(values: Mapping[Task, V]) -> dict[Task, V]:
    return {task: values[task] for task in Task if task in values}
