"""Several studies: in one table where they can be compared, else in tables of their own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

from mdml_tune.analysis.published.fitting import check_fits
from mdml_tune.analysis.published.library import published
from mdml_tune.analysis.ranking import rank
from mdml_tune.analysis.tables.delta_table import DeltaTable, delta_table
from mdml_tune.analysis.tables.differences import differences
from mdml_tune.errors import ReportError
from mdml_tune.records import StudyRecord


@dataclass(frozen=True, slots=True)
class _Tabled:
    study: StudyRecord
    table: DeltaTable


def side_by_side(
    studies: Sequence[StudyRecord], quoted: Sequence[str] = ()
) -> tuple[DeltaTable, ...]:
    """Tables of ``studies``, in their order, with the published tables named ``quoted`` below each.

    Studies that have the same tasks, split, data and single-task networks stand in one table, with
    one single-task row. Of the others, each table says why it is apart from the first.

    Raises:
        ReportError: A study has nothing to show, or published rows do not fit it.
        ConfigError: There is no published table of that name.
    """
    groups: list[list[_Tabled]] = []
    for study in studies:
        _join(groups, _Tabled(study, _table(study, quoted)))
    below = tuple(published(name) for name in quoted)
    return tuple(
        replace(_merged(group), notes=_notes(groups[0][0], group), quoted=below) for group in groups
    )


def _table(study: StudyRecord, quoted: Sequence[str]) -> DeltaTable:
    table = delta_table(study, rank(study))
    if table is None:
        raise ReportError(
            f"Study '{study.name}' has no trial that ended well yet, so there is no table. See how "
            f"far it is with: mdml-tune status {study.name}"
        )
    for name in quoted:
        check_fits(published(name), study, table.split)
    return table


def _join(groups: list[list[_Tabled]], one: _Tabled) -> None:
    """Into the first group that it can be compared with."""
    for group in groups:
        if not _differences(one, group[0]):
            group.append(one)
            return
    groups.append([one])


def _differences(one: _Tabled, other: _Tabled) -> list[str]:
    return differences(one.study, other.study, one.table.split, other.table.split)


def _merged(group: Sequence[_Tabled]) -> DeltaTable:
    first = group[0].table
    names = tuple(one.study.name for one in group)
    single = replace(first.rows[0], study=", ".join(names))
    others = chain.from_iterable(one.table.rows[1:] for one in group)
    return replace(first, studies=names, rows=(single, *others))


def _notes(first: _Tabled, group: Sequence[_Tabled]) -> tuple[str, ...]:
    notes = tuple(chain.from_iterable(one.table.notes for one in group))
    apart = _differences(group[0], first)
    if not apart:
        return notes
    return (f"Not in one table with '{first.study.name}': {'; '.join(apart)}.", *notes)
