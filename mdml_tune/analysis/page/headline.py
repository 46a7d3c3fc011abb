"""The few numbers that a reader wants first."""

from collections.abc import Sequence
from typing import NamedTuple

from mdml_tune.analysis.numbers import chance, hours, interval, signed
from mdml_tune.analysis.page.ran import spent, statuses
from mdml_tune.analysis.page.summary import leader
from mdml_tune.analysis.ranking import RankedRow
from mdml_tune.analysis.reference import reference
from mdml_tune.records import Phase, StudyRecord


class Headline(NamedTuple):
    name: str
    value: str
    note: str


def headlines(study: StudyRecord, rows: Sequence[RankedRow]) -> list[Headline]:
    """The leader's Δm and how sure it is, the trials, and what they took."""
    best = leader(rows)
    total, *details = spent(study).split(", ")
    return [
        *([] if best is None else _of_leader(study, best, rows)),
        _searched(study),
        Headline("spent", total.removesuffix(" of trials"), ", ".join(["of trials", *details])),
    ]


def one_run(best: RankedRow) -> str:
    """What training one of the leader's networks took, on average over its trials of full length."""
    trials = best.shown
    mean = sum(trial.seconds for trial in trials) / len(trials) / 3600
    gpus = trials[0].gpus
    held = f"{gpus:g} GPU" if gpus else f"{trials[0].cpus:g} CPU"
    return f"{hours(mean)} with {held}, for {best.epochs} epochs"


def _of_leader(study: StudyRecord, best: RankedRow, rows: Sequence[RankedRow]) -> list[Headline]:
    judged = sum(row.p_best is not None for row in rows)
    sure = f"95 % CI {interval(best.interval)}" if best.interval else "no confidence interval"
    baselines = min(map(len, reference(study, best.split).of_seeds.values()))
    found = [Headline(f"Δm gain on {best.split}", f"{signed(best.delta_m)} %", sure)]
    if best.p_best is not None and judged > 1:
        of = f"of {judged} configurations confirmed on several seeds"
        found.append(Headline("probability of being the best", chance(best.p_best), of))
    found.append(Headline("seeds", str(best.seeds), f"of the leader; {baselines} of each baseline"))
    return found


def _searched(study: StudyRecord) -> Headline:
    trials = [trial for trial in study.trials if trial.phase is Phase.SEARCH]
    count = len({trial.config_id for trial in trials})
    return Headline("configurations searched", str(count), statuses(trials) or "none yet")
