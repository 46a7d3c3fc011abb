"""Configurations in order, best first, each with what its trials say and how surely."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cache
from statistics import fmean, stdev

from mdml_tune.analysis.gains import is_scored
from mdml_tune.analysis.noise.intervals import Interval, delta_m_estimate
from mdml_tune.analysis.noise.tiers import ALPHA, standings
from mdml_tune.analysis.reference import Reference, reference
from mdml_tune.delta_m import Convention, delta_m, mean_scores, task_gain
from mdml_tune.records import Phase, Scores, Status, StudyRecord, TrialRecord, Value
from mdml_tune.tasks import Task, metrics_of


class Group(IntEnum):
    """Who stands before whom, whatever the scores: less sure results wait behind surer ones."""

    CONFIRMED = 0
    COMPLETED = 1
    PRUNED = 2
    FAILED = 3
    RUNNING = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedRow:
    """One configuration. Percentages throughout; nothing is rounded."""

    rank: int = 0
    """From 1."""
    tier: int | None = None
    """See ``tiers.standings``; none for what was not confirmed on two seeds."""
    p_behind: float | None = None
    """Corrected p of the leader being no better (see ``tiers.Standing``)."""
    p_best: float | None = None
    config_id: str
    method: str | None
    phase: Phase
    split: str
    """Where the scores come from: ``test`` for confirmed configurations, else ``val``."""
    status: Status
    group: Group
    seeds: int
    """How many trials this row rests on."""
    epochs: int
    delta_m: float | None = None
    """Gain; mean over seeds. None where no finite scores are there."""
    interval: Interval | None = None
    """95 %, the baselines' seeds included."""
    verdict: Interval | None = None
    """The same at the level that allows for having picked one of all confirmed configurations."""
    delta_m_drop: float | None = None
    gains: Mapping[Task, float] = field(default_factory=dict[Task, float])
    """``delta_m/<task>``."""
    of_seeds: Mapping[int, float] = field(default_factory=dict[int, float])
    """Δm (gain) of each seed."""
    mean: Scores = field(default_factory=dict[str, float])
    std: Scores = field(default_factory=dict[str, float])
    """Over seeds (n - 1); empty for a single seed."""
    parameters: Mapping[str, Value]
    shown: tuple[TrialRecord, ...]
    """The trials that this row's scores or status come from."""
    trials: tuple[TrialRecord, ...]
    """All trials of the configuration, of every phase."""

    @property
    def gpu_hours(self) -> float:
        return sum(trial.gpu_hours for trial in self.trials)

    @property
    def label(self) -> str:
        return self.config_id if self.method is None else f"{self.method} ({self.config_id})"


def rank(study: StudyRecord, phase: Phase | None = None) -> list[RankedRow]:
    """One row per configuration of ``study``, or of one of its phases.

    Confirmed configurations stand first, judged on test by their confirming trials; then those
    searched at full length, the pruned, the failed and the running, judged on val after their last
    epoch. Within each, what rests on less stands behind: a confirmation of which a single seed is
    left, and in the search whoever was not promoted to as many seeds. Then by Δm (gain; of confirmed
    ones with the effect of seeds that some lack taken out, see ``tiers``), then by ``config_id``. A trial whose scores are not finite counts as failed and keeps its status.

    Raises:
        ReportError: There are scores to judge, but a baseline to judge them by is missing.
    """
    of_split = cache(lambda split: reference(study, split))  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    trials: dict[str, list[TrialRecord]] = {}
    for trial in study.trials:
        if phase is None or trial.phase is phase:
            trials.setdefault(trial.config_id, []).append(trial)
    rows = [_row(of_config, study.tasks, of_split) for of_config in trials.values()]
    rows = _with_verdicts(_with_standings(sorted(rows, key=_order)), study.tasks, of_split)
    return [replace(row, rank=i) for i, row in enumerate(rows, start=1)]


def searched_rows(study: StudyRecord, rows: Sequence[RankedRow]) -> list[RankedRow]:
    """``rank(study, Phase.SEARCH)`` from the ``rows`` of ``rank(study)``.

    Only who was confirmed is judged again, by the search alone: few of thousands.
    """
    confirmed = {
        row.config_id for row in rows if any(t.phase is not Phase.SEARCH for t in row.trials)
    }
    trials = tuple(trial for trial in study.trials if trial.config_id in confirmed)
    again = rank(replace(study, trials=trials), Phase.SEARCH)
    found = [*(row for row in rows if row.config_id not in confirmed), *again]
    return [replace(row, rank=i) for i, row in enumerate(sorted(found, key=_order), start=1)]


def _order(row: RankedRow) -> tuple[Group, int, float, str]:
    surer = min(row.seeds, 2) if row.group is Group.CONFIRMED else row.seeds
    gain = -math.inf if row.delta_m is None else row.delta_m
    return (row.group, -surer, -gain, row.config_id)


def has_scores(record: TrialRecord, split: str, tasks: Iterable[Task]) -> bool:
    """Whether ``record`` can be judged on ``split``: not failed, every metric there and finite."""
    return record.status is not Status.FAILED and is_scored(record.scores(split), tasks)


def _row(
    trials: Sequence[TrialRecord], tasks: Sequence[Task], of_split: Callable[[str], Reference]
) -> RankedRow:
    phase, shown, scored = _shown(trials, tasks)
    first = trials[0]
    split = "test" if phase is Phase.CONFIRM else "val"
    row = RankedRow(
        config_id=first.config_id,
        method=first.method,
        phase=phase,
        split=split,
        status=shown[0].status,
        group=_group(phase, shown[0].status, scored=scored),
        seeds=len({trial.seed for trial in shown}),
        epochs=max(len(trial.history) for trial in shown),
        parameters=max((trial.parameters for trial in trials), key=len),
        shown=tuple(shown),
        trials=tuple(trials),
    )
    return _with_scores(row, of_split(split), tasks) if scored else row


def _shown(
    trials: Sequence[TrialRecord], tasks: Sequence[Task]
) -> tuple[Phase, list[TrialRecord], bool]:
    """The phase that speaks for a configuration, its trials that do, and whether they have scores.

    A confirmation speaks as soon as one of its trials is done, or when all have failed.
    """
    confirm = [trial for trial in trials if trial.phase is Phase.CONFIRM]
    search = [trial for trial in trials if trial.phase is Phase.SEARCH]
    done = [t for t in confirm if t.status is Status.COMPLETED and has_scores(t, "test", tasks)]
    if done:
        return Phase.CONFIRM, done, True
    if confirm and (not search or all(trial.status.is_final for trial in confirm)):
        return Phase.CONFIRM, _alike(confirm), False
    scored = [trial for trial in search if has_scores(trial, "val", tasks)]
    return Phase.SEARCH, _alike(scored or search), bool(scored)


def _alike(trials: Sequence[TrialRecord]) -> list[TrialRecord]:
    """Those with the status that says most: what came to its end before what did not."""
    order = (Status.COMPLETED, Status.PRUNED, Status.RUNNING, Status.FAILED)
    best = min((trial.status for trial in trials), key=order.index)
    return [trial for trial in trials if trial.status is best]


def _group(phase: Phase, status: Status, *, scored: bool) -> Group:
    if status is Status.RUNNING:
        return Group.RUNNING
    if not scored:
        return Group.FAILED
    if phase is Phase.CONFIRM:
        return Group.CONFIRMED
    return Group.PRUNED if status is Status.PRUNED else Group.COMPLETED


def _with_scores(row: RankedRow, against: Reference, tasks: Sequence[Task]) -> RankedRow:
    paths = [metric.path for metric in metrics_of(tasks)]
    scores = [_only(trial.scores(row.split) or {}, paths) for trial in row.shown]
    mean = mean_scores(scores)
    estimate = delta_m_estimate(scores, against, tasks)
    spread = len(scores) > 1
    return replace(
        row,
        delta_m=estimate.mean,
        interval=estimate.interval,
        delta_m_drop=fmean(
            delta_m(s, against.mean, tasks, convention=Convention.DROP) for s in scores
        ),
        gains={task: fmean(task_gain(s, against.mean, task) for s in scores) for task in tasks},
        of_seeds={
            trial.seed: delta_m(s, against.mean, tasks)
            for trial, s in zip(row.shown, scores, strict=True)
        },
        mean=mean,
        std={path: stdev([s[path] for s in scores]) for path in paths} if spread else {},
    )


def _only(scores: Scores, paths: Sequence[str]) -> dict[str, float]:
    return {path: scores[path] for path in paths}


def _with_standings(rows: Sequence[RankedRow]) -> list[RankedRow]:
    """Rows in order, those that can be judged against each other by what they are judged by."""
    tested = [row for row in rows if _is_judged(row)]
    if not tested:
        return list(rows)
    found = zip(tested, standings([row.of_seeds for row in tested]), strict=True)
    ordered = sorted(found, key=lambda pair: (pair[1].tier, -pair[1].effect))
    judged = [
        replace(row, tier=its.tier, p_behind=its.p_behind, p_best=its.p_best)
        for row, its in ordered
    ]
    return [*judged, *(row for row in rows if not _is_judged(row))]


def _is_judged(row: RankedRow) -> bool:
    return row.group is Group.CONFIRMED and len(row.of_seeds) > 1


def _with_verdicts(
    rows: Sequence[RankedRow], tasks: Sequence[Task], of_split: Callable[[str], Reference]
) -> list[RankedRow]:
    """Bonferroni: with K confirmed configurations, one picked by looking is judged at 5 % / K."""
    count = sum(row.group is Group.CONFIRMED for row in rows)
    return [
        row
        if row.interval is None
        else replace(
            row, verdict=_interval(row, of_split(row.split), tasks, 1 - ALPHA / max(count, 1))
        )
        for row in rows
    ]


def _interval(
    row: RankedRow, against: Reference, tasks: Sequence[Task], confidence: float
) -> Interval | None:
    scores = [trial.scores(row.split) or {} for trial in row.shown]
    return delta_m_estimate(scores, against, tasks, confidence).interval
