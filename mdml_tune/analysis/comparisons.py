"""Methods against each other, seed by seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from mdml_tune.analysis.finalists import finalists, methods
from mdml_tune.analysis.gains import generalisation_gap, is_scored
from mdml_tune.analysis.intervals import PairedDifference, paired_difference
from mdml_tune.analysis.ranking import Group, RankedRow, rank
from mdml_tune.analysis.reference import reference
from mdml_tune.delta_m import delta_m
from mdml_tune.errors import ReportError
from mdml_tune.records import StudyRecord

DELTA_M = "delta_m"
ENSEMBLE = "ensemble/delta_m"
GAP = "generalisation_gap"

MOST_SHOWN = 60
"""Differences that a person still reads; a study of 25 methods has hundreds."""


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """``method`` minus ``reference`` over the seeds that both have, in percentage points."""

    method: str
    reference: str
    measure: str
    """``delta_m`` (test, reported network), ``ensemble/delta_m`` (test), ``generalisation_gap``
    (train minus val; see ``gains.generalisation_gap``; negative is less overfitting)."""
    difference: PairedDifference


def comparisons(study: StudyRecord, rows: Sequence[RankedRow] | None = None) -> list[ComparisonRow]:
    """What separates the confirmed methods of ``study``; empty with fewer than two of them.

    Each method stands for one configuration (see ``finalists``) and is set against every method
    that the study file names before it: an ensemble of peers must beat an ensemble of independent
    networks to be worth more. The p values are each for itself, not corrected for there being
    several.
    """
    ranked = rank(study) if rows is None else rows
    shown = [row for row in finalists(study, ranked) if row.group is Group.CONFIRMED]
    if not methods(study) or len(shown) < 2:  # noqa: PLR2004 (nothing to compare)
        return []
    reported = {str(row.method): row.of_seeds for row in shown}
    ensembles = {str(row.method): ensemble_delta_m(study, row) for row in shown}
    gaps = {str(row.method): gap_of_seeds(study, row) for row in shown}
    pairs = [(later, earlier) for earlier, later in combinations(reported, 2)]
    return [
        *_compare(DELTA_M, reported, pairs),
        *_compare(ENSEMBLE, ensembles, pairs),
        *_compare(GAP, gaps, pairs),
    ]


def worth_showing(rows: Sequence[ComparisonRow]) -> list[ComparisonRow]:
    """All, or where they are too many those against the method that the study names first.

    ``comparisons.csv`` and ``comparisons.md`` hold every one.
    """
    if len(rows) <= MOST_SHOWN:
        return list(rows)
    return [row for row in rows if row.reference == rows[0].reference]


def ensemble_delta_m(study: StudyRecord, row: RankedRow) -> dict[int, float]:
    """Seed -> Δm (gain, percent, test) of the peers' ensemble; empty for a single network."""
    single = reference(study, "test").mean
    of_seeds = {trial.seed: _ensemble(trial.scores("test") or {}) for trial in row.shown}
    return {
        seed: delta_m(scores, single, study.tasks)
        for seed, scores in of_seeds.items()
        if is_scored(scores, study.tasks)
    }


def gap_of_seeds(study: StudyRecord, row: RankedRow) -> dict[int, float]:
    """Seed -> generalisation gap in percent; empty where it was not recorded."""
    try:
        single = reference(study, "val").mean
    except ReportError:  # trained on all data: there is no val to compare with
        return {}
    gaps = {trial.seed: generalisation_gap(trial, single, study.tasks) for trial in row.shown}
    return {seed: gap for seed, gap in gaps.items() if gap is not None}


def _ensemble(scores: Mapping[str, float]) -> dict[str, float]:
    start = "ensemble/"
    return {k.removeprefix(start): v for k, v in scores.items() if k.startswith(start)}


def _compare(
    measure: str,
    of_methods: Mapping[str, Mapping[int, float]],
    pairs: Sequence[tuple[str, str]],
) -> list[ComparisonRow]:
    found = [(a, b, paired_difference(of_methods[a], of_methods[b])) for a, b in pairs]
    return [ComparisonRow(a, b, measure, difference) for a, b, difference in found if difference]
