"""What is left to be done of a study, phase by phase."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev
from typing import cast

from mdml_tune.config.trial import TrialConfig
from mdml_tune.records import Phase, Status, TrialRecord
from mdml_tune.spaces.study import Study
from mdml_tune.tuning.forecast_kinds import draws, planned
from mdml_tune.tuning.forecast_range import Range
from mdml_tune.tuning.forecast_todo import Pace, PhaseName, Todo
from mdml_tune.tuning.simulate import expected_epochs
from mdml_tune.tuning.stages import most_trials

TWO_SIDED = 1.96
"""Standard deviations on either side that hold 95 % of a normal distribution."""

SIMULATIONS = 100
"""Searches that are simulated to see how many epochs early stopping leaves."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A reference network that is still to be trained."""

    method: str
    """Its task, or ``equal_weighting``."""
    epochs: int
    """That are left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paces:
    """What is known of the speed; none where nothing is."""

    baselines: Mapping[str, Pace]
    """By method."""
    search: Pace | None
    confirm: Pace | None


NOTHING_KNOWN = Paces(baselines={}, search=None, confirm=None)


def todos(
    study: Study,
    pending: Sequence[Pending],
    trials: Sequence[TrialRecord],
    paces: Paces,
    concurrency: int,
    *,
    drawn: Sequence[TrialConfig] | None = None,
) -> list[Todo]:
    """Baselines, search, more seeds and confirmation, each with what is left of it.

    Args:
        study: What is run.
        pending: Reference networks that are not there yet.
        trials: What the study has left behind so far.
        paces: How fast it goes.
        concurrency: Trainings at once.
        drawn: ``draws(study)``, where they are at hand.
    """
    lengths = [config.training.epochs for config in (drawn or draws(study))]
    first = [t for t in trials if t.phase is Phase.SEARCH and t.seed == 0]
    further = [t for t in trials if t.phase is Phase.SEARCH and t.seed > 0]
    confirming = [t for t in trials if t.phase is Phase.CONFIRM]
    share = _share_run(study, concurrency)
    seeds = most_trials(planned(study), study.search.stages) - planned(study)
    confirmed = _confirmations(study, first, share)
    found = [
        _baselines(pending, paces.baselines),
        _search(study, first, lengths, share, paces.search),
        _rest("more seeds", Range.exact(seeds), further, lengths, paces.search),
        _rest("confirm", confirmed, confirming, lengths, paces.confirm),
    ]
    asked = {"baselines", "search", *(["more seeds"] if seeds else [])}
    asked |= {"confirm"} if study.confirm is not None and study.confirm.top else set()
    return [todo for todo in found if todo.phase in asked]


def epochs_of(record: TrialRecord) -> int:
    """That the trial would run to its end."""
    training = cast("Mapping[str, object]", record.config["training"])
    return cast("int", training["epochs"])


def _baselines(pending: Sequence[Pending], paces: Mapping[str, Pace]) -> Todo:
    epochs = sum(one.epochs for one in pending)
    known = all(one.method in paces for one in pending)
    return Todo(
        phase="baselines",
        trainings=len(pending),
        epochs=Range.exact(epochs),
        pace=_mixed([(paces[one.method], one.epochs) for one in pending]) if known else None,
    )


def _mixed(paces: Sequence[tuple[Pace, int]]) -> Pace:
    """Of networks that differ, weighted by their epochs."""
    whole = sum(epochs for _, epochs in paces) or 1
    wall = Range.exact(0.0)
    for pace, epochs in paces:
        wall += pace.wall * (epochs / whole)
    return Pace(
        wall,
        sum(pace.process * epochs / whole for pace, epochs in paces),
        fmean([pace.setup for pace, _ in paces] or [0.0]),
    )


def _search(
    study: Study,
    first: Sequence[TrialRecord],
    lengths: Sequence[int],
    share: Range,
    pace: Pace | None,
) -> Todo:
    new = max(0, planned(study) - len(first))
    running = [trial for trial in first if not trial.status.is_final]
    enumerated = len(lengths) == planned(study)
    spread = 0.0 if enumerated or not new else TWO_SIDED * pstdev(lengths) / math.sqrt(new)
    epochs = Range.around(fmean(lengths), spread) * share * new
    for trial in running:
        left = epochs_of(trial) - len(trial.history)
        # One that runs may be stopped at once, or go on to its end.
        epochs += Range(share.mean * left, left if share.low == 1 else 0, left)
    return Todo(
        phase="search",
        trainings=new + len(running),
        epochs=epochs,
        longest=max(lengths),
        even=share.low == 1 and len(set(lengths)) == 1,
        pace=pace,
    )


def _share_run(study: Study, concurrency: int) -> Range:
    """The share of its epochs that a searched trial runs before it ends or is stopped."""
    stopping = study.search.early_stopping
    if stopping is None:
        return Range.exact(1.0)
    trials = planned(study)
    found = expected_epochs(
        stopping, trials, study.epochs, concurrency, study.search.seed, draws=SIMULATIONS
    )
    return Range(*found) * (1 / (trials * study.epochs))


def _confirmations(study: Study, first: Sequence[TrialRecord], share: Range) -> Range:
    """Finalists times seeds; there are no more finalists than trials that reach their end."""
    plan = study.confirm
    if plan is None:
        return Range.exact(0)
    completed = sum(trial.status is Status.COMPLETED for trial in first)
    open_ones = max(0, planned(study) - sum(trial.status.is_final for trial in first))
    finalists = [
        min(plan.top, max(1, completed + round(open_ones * _reaching_the_end(study, ran))))
        for ran in share.ends
    ]
    return Range(*(count * plan.seeds for count in finalists))


def _reaching_the_end(study: Study, share: float) -> float:
    """The most trials, as a share, that can have come to their end where all ran ``share``.

    Those that were stopped ran for the grace epochs at least.
    """
    stopping = study.search.early_stopping
    if stopping is None:
        return 1.0
    grace = stopping.grace_epochs / study.epochs
    return 1.0 if grace >= 1 else max(0.0, (share - grace) / (1 - grace))


def _rest(
    phase: PhaseName,
    wanted: Range,
    there: Sequence[TrialRecord],
    lengths: Sequence[int],
    pace: Pace | None,
) -> Todo:
    """What is left of ``wanted`` trainings at full length; nobody knows whose length it will be."""
    ended = sum(trial.status.is_final for trial in there)
    begun = sum(len(trial.history) for trial in there if not trial.status.is_final)
    length = Range(fmean(lengths), min(lengths), max(lengths))
    epochs = [
        max(0.0, (count - ended) * each - begun)
        for count, each in zip(wanted.ends, length.ends, strict=True)
    ]
    return Todo(
        phase=phase,
        trainings=max(0, round(wanted.mean) - ended),
        epochs=Range(*epochs),
        longest=max(lengths),
        even=len(set(lengths)) == 1,
        pace=pace,
    )
