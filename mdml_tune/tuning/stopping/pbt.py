"""Population based training out of ordinary trials: which copies are due, and what they are."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from mdml_tune.config.canonical import canonical
from mdml_tune.config.changes import Change, learning_rate_at, mimicry_at
from mdml_tune.config.identity import config_id
from mdml_tune.config.trial import TrialConfig
from mdml_tune.records import Status, TrialRecord
from mdml_tune.spaces.plan import PbtStopping
from mdml_tune.tuning.stopping.population import Population
from mdml_tune.tuning.stopping.replay import told

LEARNING_RATE = "training.optimizer.learning_rate"
WEIGHT = "mutual.weight"

LESS, MORE = 0.8, 1.25
"""Jaderberg et al. 2017 have 0.8 and 1.2, which drift downwards: 0.8 x 1.2 is not 1."""


@dataclass(frozen=True, slots=True)
class Fork:
    """A member that fell behind, and the one whose copy goes on in its place."""

    stopped: str
    donor: str
    epoch: int
    """Boundary at which they were compared; the copy goes on from the donor's checkpoint there.
    It may be the one before that at which the member was stopped."""


def forks(
    records: Sequence[TrialRecord],
    objectives: Sequence[str],
    config: PbtStopping,
    seed: int,
) -> list[Fork]:
    """Every copy that the members stopped so far call for, in the order of the stops.

    Donors are drawn from what had been reported when a member was stopped, so what is reported
    later changes no fork.
    """
    ends = {r.trial_key: r.last for r in records if r.status is Status.PRUNED}
    past_the_end = 1 + max((r.last.epoch for r in records if r.last is not None), default=0)
    rule = Population(config, past_the_end, seed)
    found: list[Fork] = []
    for member, report, values in told(records, objectives):
        noted = rule.note(member, report.epoch, values)
        if noted and report is ends.get(member.key):
            boundary = rule.judged_at(member.key, report.epoch) or report.epoch
            donor = rule.donor(member.key, boundary)
            if donor is not None:
                found.append(Fork(member.key, donor, boundary))
    return found


def child_config(
    donor: TrialConfig, epoch: int, stream: Sequence[int], known: Container[str] = ()
) -> TrialConfig:
    """The donor's configuration up to ``epoch`` completed epochs, and moved values from there on.

    Args:
        donor: Of the leading member.
        epoch: Boundary at which it is copied.
        stream: Seeds the drawing of the moves.
        known: Every ``config_id`` there is; the copy is none of them.
    """
    before = tuple(change for change in donor.changes if change.epoch < epoch)
    for values in moves(_values(donor, epoch), stream):
        changes = (*before, _change(donor, epoch, values))
        config = canonical(replace(donor, changes=changes))
        if config_id(config) not in known:
            return config
    raise AssertionError  # moves never end


def moved(values: Mapping[str, float], stream: Sequence[int]) -> dict[str, float]:
    """Every value by 0.8 or 1.25; a weight of 0, for a task that is not imitated, stays 0."""
    return next(moves(values, stream))


def moves(values: Mapping[str, float], stream: Sequence[int]) -> Iterator[dict[str, float]]:
    """All combinations of one step in random order, then those of steps twice as wide, ..."""
    moving = [name for name, value in values.items() if value > 0]
    rng = np.random.default_rng(list(stream))
    for step in count(1):
        for combination in rng.permutation(2 ** len(moving)):
            factors = {
                name: (MORE if combination >> place & 1 else LESS) ** step
                for place, name in enumerate(moving)
            }
            yield {name: value * factors.get(name, 1.0) for name, value in values.items()}


def _values(config: TrialConfig, epoch: int) -> dict[str, float]:
    """What is moved, under dotted paths, as it held before ``epoch`` epochs were completed."""
    changes = [change for change in config.changes if change.epoch < epoch]
    rate = learning_rate_at(config.training.optimizer.learning_rate, changes, epoch)
    weights = {} if config.mutual is None else mimicry_at(config.mutual.weight, changes, epoch)
    return {LEARNING_RATE: rate} | {f"{WEIGHT}.{task}": w for task, w in weights.items()}


def _change(config: TrialConfig, epoch: int, values: Mapping[str, float]) -> Change:
    if config.mutual is None:
        return Change(epoch=epoch, learning_rate=values[LEARNING_RATE])
    # A weight of convex fusion is a share.
    most = 1.0 if config.mutual.fusion == "convex" else float("inf")
    weights = {task: min(most, values[f"{WEIGHT}.{task}"]) for task in config.mutual.weight}
    return Change(epoch=epoch, learning_rate=values[LEARNING_RATE], mimicry=weights)
