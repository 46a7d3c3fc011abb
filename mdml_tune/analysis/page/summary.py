"""What a study found, in sentences: the answer, what to be careful with, and what was run."""

from collections import Counter
from collections.abc import Mapping, Sequence

from mdml_tune.analysis.gains import contributions, shares
from mdml_tune.analysis.numbers import chance, interval, metric_name, percent, signed
from mdml_tune.analysis.ranking import Group, RankedRow
from mdml_tune.analysis.reference import finished_baselines, reference
from mdml_tune.records import Phase, Status, StudyRecord, TrialRecord
from mdml_tune.tasks import metrics_of

DOMINANT = 0.6
"""A metric with more than this share of the absolute contributions carries a Δm by itself."""


def leader(rows: Sequence[RankedRow]) -> RankedRow | None:
    """The best configuration that was trained to the end; the one to reuse."""
    finished = {Group.CONFIRMED, Group.COMPLETED}
    return next((row for row in rows if row.group in finished), None)


def answer(rows: Sequence[RankedRow]) -> str:
    """One or two sentences: the winner, its Δm, and how sure that is."""
    best = leader(rows)
    if best is None:
        return "No configuration has been trained to the end yet."
    gain = f"{signed(best.delta_m)} % Δm (gain over single-task networks; positive is better)"
    if best.group is not Group.CONFIRMED:
        count = sum(row.group is Group.COMPLETED for row in rows)
        return (
            f"Not confirmed yet: {best.label} leads on val with {gain}. {_luck(count)}Confirm it on "
            f"fresh seeds and the test split."
        )
    return f"{best.label} reaches {gain} on test, {_certainty(best)}{_ties(best, rows)}"


def warnings(study: StudyRecord, rows: Sequence[RankedRow]) -> list[str]:
    """What a reader should know before believing the answer."""
    best = leader(rows)
    found = [] if best is None else [*_dominant(study, best), *_no_interval(study, best)]
    lost = [t for t in study.trials if t.phase is Phase.CONFIRM and t.status is Status.FAILED]
    for config_id, count in Counter(trial.config_id for trial in lost).items():
        survived = any(row.config_id == config_id and row.group is Group.CONFIRMED for row in rows)
        rest = (
            "its scores are those of the seeds that survived" if survived else "it is not confirmed"
        )
        found.append(f"{count} confirming trial(s) of {config_id} failed; {rest}.")
    found += [] if best is None else _lost_baselines(study, best)
    broken = [row.config_id for row in rows if row.group is Group.FAILED and _ended_well(row)]
    if broken:
        found.append(f"Scores that are not finite count as failed: {', '.join(broken)}.")
    return found


def trials_by_status(study: StudyRecord) -> list[tuple[str, dict[str, int]]]:
    """Phase -> status -> how many trials."""
    everything = (*study.baselines, *study.trials)
    return [
        (str(phase), {str(s): n for s in Status if (n := _count(everything, phase, s))})
        for phase in Phase
    ]


def unfinished(study: StudyRecord) -> str | None:
    """What has not ended, of a study that still runs or was interrupted."""
    phases = [(p, _count((*study.baselines, *study.trials), p, Status.RUNNING)) for p in Phase]
    running = ", ".join(f"{count} {phase}" for phase, count in phases if count)
    if not running:
        return None
    return f"these trials have not ended: {running}. What follows is what there is so far."


def flat(values: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    """Nested values under dotted paths, as text."""
    lines: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            lines.update(flat(value, f"{prefix}{key}."))
        else:
            lines[f"{prefix}{key}"] = str(value)
    return lines


def _luck(count: int) -> str:
    return f"As the best of {count} it is likely to be lucky. " if count > 1 else ""


def _certainty(best: RankedRow) -> str:
    seeds = f"{best.seeds} seed{'s' if best.seeds > 1 else ''}"
    if best.interval is None:
        return f"from {seeds}: no confidence interval can be given."
    says = f"95 % CI {interval(best.interval)}, {seeds}"
    judged = best.verdict or best.interval
    if judged.low > 0:
        return f"{says}: better than single-task networks."
    if judged.high < 0:
        return f"{says}: worse than single-task networks."
    if best.interval.low > 0:
        return f"{says}: not surely better than single-task networks, as the best of several."
    return f"{says}: not distinguishable from single-task networks."


def _ties(best: RankedRow, rows: Sequence[RankedRow]) -> str:
    rivals = [row for row in rows if row.tier is not None and row.config_id != best.config_id]
    alone = [row.label for row in rows if row.group is Group.CONFIRMED and row.tier is None]
    unjudged = (
        f" Not judged, with one seed each: {', '.join(alone)}." if alone and best.tier else ""
    )
    if not rivals:
        return unjudged
    tied = [row.label for row in rivals if row.tier == 1]
    chances = f"(probability of being the best: {chance(best.p_best)})"
    if not tied:
        return f" It is ahead of all others confirmed on several seeds {chances}.{unjudged}"
    return f" It cannot be told apart from {', '.join(tied)} {chances}.{unjudged}"


def _dominant(study: StudyRecord, best: RankedRow) -> list[str]:
    single = reference(study, best.split).mean
    parts = contributions(best.mean, single, study.tasks)
    return [
        f"{metric.task} {metric_name(metric)} alone carries {percent(share)} of the winner's Δm "
        f"({signed(parts[metric.path])} points). Read the other columns before calling it a gain."
        for metric in metrics_of(study.tasks)
        if (share := shares(parts).get(metric.path, 0.0)) > DOMINANT
    ]


def _no_interval(study: StudyRecord, best: RankedRow) -> list[str]:
    scored = reference(study, best.split).of_seeds
    lone = [task for task in study.tasks if len(scored[task]) == 1]
    if not lone or best.seeds == 1:
        return []
    return [
        f"The baselines of {', '.join(lone)} have a single seed: their noise is unknown, so no "
        f"confidence interval is given. Train more with baseline.seeds."
    ]


def _lost_baselines(study: StudyRecord, best: RankedRow) -> list[str]:
    scored = reference(study, best.split).of_seeds
    lost = {task: len(finished_baselines(study, task)) - len(scored[task]) for task in study.tasks}
    return [
        f"{count} baseline(s) of {task} have scores on {best.split} that are missing or not finite, "
        f"and are left out."
        for task, count in lost.items()
        if count
    ]


def _ended_well(row: RankedRow) -> bool:
    return row.status in {Status.COMPLETED, Status.PRUNED}


def _count(trials: Sequence[TrialRecord], phase: Phase, status: Status) -> int:
    return sum(trial.phase is phase and trial.status is status for trial in trials)
