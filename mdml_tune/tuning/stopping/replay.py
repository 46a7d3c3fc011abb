"""Telling a rule what a search has reported before: after a restart it decides as without one."""

import heapq
from collections.abc import Iterable, Iterator, Sequence

from mdml_tune.records import EpochReport, Phase, TrialRecord
from mdml_tune.tuning.stopping.rule import Member, Point, Rule, member_of

JUDGED_SEED = 0
"""Further seeds of a configuration are trained at full length, and no rule hears of them."""


def replay(rule: Rule, records: Iterable[TrialRecord], objectives: Sequence[str]) -> list[str]:
    """Tell ``rule`` all reports of a search's trials, in the order in which they were born.

    A trial that has reported again after an epoch at which the rule would stop it now was seen to
    go on: reports that were born at almost the same time may have been judged in the other order.
    It is left to go on.

    Returns:
        Keys of trials that have not ended, but were to be stopped at their last report.
    """
    records = list(records)
    last = {record.trial_key: record.last for record in records}
    ended = {record.trial_key for record in records if record.status.is_final}
    stopped: list[str] = []
    for member, report, values in told(records, objectives):
        behind = rule.judge(member, report.epoch, values)
        if behind and report is last[member.key] and member.key not in ended:
            stopped.append(member.key)
    return stopped


def told(
    records: Iterable[TrialRecord], objectives: Sequence[str]
) -> Iterator[tuple[Member, EpochReport, Point]]:
    """Every report that a rule hears of, with its values of the objectives.

    In the order of their births, and of the keys where two were born in one millisecond. Those of
    one trial stay in the order of its epochs, also where a clock was set back in between.
    """
    judged = [r for r in records if r.phase is Phase.SEARCH and r.seed == JUDGED_SEED]
    for member, report in heapq.merge(
        *map(_history, judged), key=lambda entry: (entry[1].timestamp_ms, entry[0].key)
    ):
        if all(name in report.metrics for name in objectives):
            yield member, report, tuple(report.metrics[name] for name in objectives)


def _history(record: TrialRecord) -> list[tuple[Member, EpochReport]]:
    member = member_of(record)
    return [(member, report) for report in record.history]
