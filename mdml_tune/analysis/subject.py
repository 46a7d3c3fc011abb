"""A study as its results see it: the records, and what every table and figure starts from."""

from dataclasses import dataclass

from mdml_tune.analysis.ranking import RankedRow, rank
from mdml_tune.records import Phase, StudyRecord
from mdml_tune.scd.relations import Relations
from mdml_tune.storage.atomic import read_json
from mdml_tune.storage.studies import StudyFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    study: StudyRecord
    rows: tuple[RankedRow, ...]
    """``rank(study)``: of all phases."""
    searched: tuple[RankedRow, ...]
    """``rank(study, Phase.SEARCH)``: what the search alone says of its configurations, on val."""
    relations: Relations | None = None
    """How the tasks are related; none where the study did not ask."""


def subject_of(study: StudyRecord, relations: Relations | None = None) -> Subject:
    """Rank once, for all that is shown.

    Raises:
        ReportError: There are scores to judge, but a baseline to judge them by is missing.
    """
    return Subject(
        study=study,
        rows=tuple(rank(study)),
        searched=tuple(rank(study, Phase.SEARCH)),
        relations=relations,
    )


def load_subject(folder: StudyFolder) -> Subject:
    """What a study has left in its folder so far.

    Raises:
        ReportError: There is no such study, or a baseline to judge its scores by is missing.
    """
    values = read_json(folder.relations)
    return subject_of(folder.record(), None if values is None else Relations.from_values(values))
