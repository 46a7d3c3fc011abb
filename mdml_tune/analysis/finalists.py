"""Who enters the paper's table: the finalists, or one configuration of each method."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from mdml_tune.analysis.ranking import Group, RankedRow, rank
from mdml_tune.records import Phase, StudyRecord

UNCONFIRMED = 5
"""How many configurations a table shows of a study that was only searched."""


def methods(study: StudyRecord) -> list[str]:
    """The methods that are compared, in the order of the study file; empty if there are none."""
    named = study.study.get("methods")
    names = [str(name) for name in named] if isinstance(named, Mapping) else []
    used = [trial.method for trial in study.trials if trial.method is not None]
    return list(dict.fromkeys(names + used))


def finalists(study: StudyRecord, rows: Sequence[RankedRow]) -> list[RankedRow]:
    """The rows of ``rank(study)`` that a table compares: confirmed ones if there are any.

    Where methods are compared, each has one row, in the order of the study file: of its confirmed
    configurations the one with the highest Δm on val in the search. The test split must not choose.
    """
    confirmed = [row for row in rows if row.group is Group.CONFIRMED]
    judged = confirmed or [row for row in rows if row.group is Group.COMPLETED]
    names = methods(study)
    if not names:
        return judged if confirmed else judged[:UNCONFIRMED]
    searched = _searched_delta_m(study, judged)
    chosen: dict[str | None, RankedRow] = {}
    for row in sorted(
        judged, key=lambda row: (-searched.get(row.config_id, float("-inf")), row.config_id)
    ):
        chosen.setdefault(row.method, row)
    return [chosen[name] for name in names if name in chosen]


def _searched_delta_m(study: StudyRecord, rows: Iterable[RankedRow]) -> dict[str, float]:
    """``config_id`` -> Δm (gain, percent, val) in the search, of the configurations in ``rows``."""
    asked = {row.config_id for row in rows}
    trials = tuple(trial for trial in study.trials if trial.config_id in asked)
    found = rank(replace(study, trials=trials), Phase.SEARCH)
    return {row.config_id: row.delta_m for row in found if row.delta_m is not None}
