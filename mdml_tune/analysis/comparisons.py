"""Confirmed methods or finalists against each other, seed by seed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations
from statistics import fmean

from scipy.special import stdtrit

from mdml_tune.analysis.finalists import finalists, methods
from mdml_tune.analysis.gains import generalisation_gap, is_scored
from mdml_tune.analysis.noise.equality import OfSeeds, Table, table_of
from mdml_tune.analysis.noise.holm import holm
from mdml_tune.analysis.noise.intervals import CONFIDENCE, Interval
from mdml_tune.analysis.ranking import Group, RankedRow, rank
from mdml_tune.analysis.reference import reference
from mdml_tune.delta_m import delta_m
from mdml_tune.errors import ReportError
from mdml_tune.records import StudyRecord

DELTA_M = "delta_m"
ENSEMBLE = "ensemble/delta_m"
GAP = "generalisation_gap"


class Family(StrEnum):
    """Which question a comparison belongs to; p values are corrected within it."""

    LEADER = "leader"
    """Is the leader ahead of this one? Corrected for having been picked by looking
    (``Table.p_ahead``)."""
    REFERENCE = "reference"
    """Does this method differ from the one that the study file names first? Holm's correction."""
    PAIRS = "pairs"
    """Do two other methods differ? Holm's correction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRow:
    """``method`` minus ``reference``, in percentage points."""

    family: Family
    method: str
    reference: str
    measure: str
    """``delta_m`` (test, reported network), ``ensemble/delta_m`` (test), ``generalisation_gap``
    (train minus val; see ``gains.generalisation_gap``; negative is less overfitting)."""
    difference: float
    interval: Interval | None
    """95 % for this one difference alone; none where there is no trace of noise."""
    seeds: int
    """How many seeds both have."""
    p: float | None
    """Two-sided, for this one difference alone."""
    p_corrected: float | None = None
    """Corrected for all comparisons of its family and measure."""


def comparisons(study: StudyRecord, rows: Sequence[RankedRow] | None = None) -> list[ComparisonRow]:
    """What separates what was confirmed in ``study``; empty with fewer than two of them.

    The leader is set against every other; where methods are compared (each by one configuration,
    see ``finalists``), every method is set against the first that the study file names, and the
    others against each other. An ensemble of peers must beat an ensemble of independent networks to
    be worth more. Noise is pooled over all that are compared (see ``layout``).
    """
    ranked = rank(study) if rows is None else rows
    shown = [row for row in finalists(study, ranked) if row.group is Group.CONFIRMED]
    if len(shown) < 2:  # noqa: PLR2004 (nothing to compare)
        return []
    by_method = bool(methods(study))
    scores = {_name(row, by_method=by_method): row.of_seeds for row in shown}
    leader = _name(min(shown, key=lambda row: row.rank), by_method=by_method)
    found = _against_leader(scores, leader)
    if not by_method:
        return found
    ensembles = {str(row.method): ensemble_delta_m(study, row) for row in shown}
    gaps = {str(row.method): gap_of_seeds(study, row) for row in shown}
    first = methods(study)[0]
    for measure, of_methods in ((DELTA_M, scores), (ENSEMBLE, ensembles), (GAP, gaps)):
        found += _against_each_other(measure, of_methods, first)
    return found


def main_ones(rows: Sequence[ComparisonRow]) -> list[ComparisonRow]:
    """Those with the leader and with the reference method: what a reader asks first."""
    return [row for row in rows if row.family is not Family.PAIRS]


def other_ones(rows: Sequence[ComparisonRow]) -> list[ComparisonRow]:
    """Between two other methods: of 25 methods there are hundreds."""
    return [row for row in rows if row.family is Family.PAIRS]


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


def _name(row: RankedRow, *, by_method: bool) -> str:
    return row.method if by_method and row.method is not None else row.config_id


def _ensemble(scores: Mapping[str, float]) -> dict[str, float]:
    start = "ensemble/"
    return {k.removeprefix(start): v for k, v in scores.items() if k.startswith(start)}


def _against_leader(scores: Mapping[str, OfSeeds], leader: str) -> list[ComparisonRow]:
    others = [name for name in scores if name != leader]
    rows = list(_compare(Family.LEADER, DELTA_M, scores, [(leader, other) for other in others]))
    names, table = _judged(scores)
    if table is None or leader not in names:
        return rows
    rivals = [names.index(other) for other in others if other in names]
    ahead = {names[k]: p for k, p in table.p_ahead(names.index(leader), rivals).items()}
    return [replace(row, p_corrected=ahead.get(row.reference)) for row in rows]


def _against_each_other(
    measure: str, scores: Mapping[str, OfSeeds], first: str
) -> list[ComparisonRow]:
    """``first`` is the reference method; where nothing of it was confirmed there is none."""
    others = [name for name in scores if name != first]
    families = {
        Family.REFERENCE: [(other, first) for other in others if first in scores],
        Family.PAIRS: [(later, earlier) for earlier, later in combinations(others, 2)],
    }
    return [
        row
        for family, pairs in families.items()
        for row in _corrected(list(_compare(family, measure, scores, pairs)))
    ]


def _corrected(rows: Sequence[ComparisonRow]) -> Iterator[ComparisonRow]:
    tested = [row for row in rows if row.p is not None]
    adjusted = dict(zip(map(id, tested), holm([row.p or 0.0 for row in tested]), strict=True))
    for row in rows:
        yield replace(row, p_corrected=adjusted.get(id(row)))


def _compare(
    family: Family,
    measure: str,
    scores: Mapping[str, OfSeeds],
    pairs: Sequence[tuple[str, str]],
) -> Iterator[ComparisonRow]:
    names, table = _judged(scores)
    for method, other in pairs:
        ours, theirs = scores.get(method), scores.get(other)
        if not ours or not theirs:
            continue
        row = ComparisonRow(
            family=family,
            method=method,
            reference=other,
            measure=measure,
            difference=fmean(ours.values()) - fmean(theirs.values()),
            interval=None,
            seeds=len(ours.keys() & theirs.keys()),
            p=None,
        )
        if table is not None and method in names and other in names:
            one, two = names.index(method), names.index(other)
            row = replace(
                row,
                difference=table.gain(one, two),
                interval=_interval(table, one, two),
                p=table.p_different(one, two),
            )
        yield row


def _judged(scores: Mapping[str, OfSeeds]) -> tuple[list[str], Table | None]:
    """Those with several seeds: a lone one says nothing of noise, nor of itself."""
    names = [name for name, of_seeds in scores.items() if len(of_seeds) > 1]
    return names, table_of([scores[name] for name in names]) if names else None


def _interval(table: Table, one: int, two: int) -> Interval:
    quantile = float(stdtrit(table.fit.model.freedom, (1 + CONFIDENCE) / 2))
    gain, half = table.gain(one, two), quantile * table.error(one, two)
    return Interval(gain - half, gain + half)
