"""A study as its results see it: the records, and what every table and figure starts from."""

from dataclasses import dataclass, replace

from mdml_tune.analysis.ranking import RankedRow, rank, searched_rows
from mdml_tune.analysis.sampled import asked_of, kept_answers
from mdml_tune.records import StudyRecord
from mdml_tune.scd.relations import Relations
from mdml_tune.storage.atomic import read_json
from mdml_tune.storage.samples import Asked, NotMade, Samples
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
    samples: Samples | None = None
    """What the leader and the baselines say of a few test images."""
    not_sampled: str | None = None
    """Why there are no samples, in one line, where there should be some."""
    to_ask: Asked | None = None
    """Whom ``predicting.sampling`` can ask for the samples that are not there."""

    def with_answers(self, found: Samples | NotMade | None) -> "Subject":
        """The same study with its samples, or with the reason why it has none."""
        match found:
            case Samples():
                return replace(self, samples=found, not_sampled=None, to_ask=None)
            case NotMade():
                return replace(self, not_sampled=found.reason, to_ask=None)
            case None:
                return self


def subject_of(study: StudyRecord, relations: Relations | None = None) -> Subject:
    """Rank once, for all that is shown.

    Raises:
        ReportError: There are scores to judge, but a baseline to judge them by is missing.
    """
    rows = rank(study)
    return Subject(
        study=study,
        rows=tuple(rows),
        searched=tuple(searched_rows(study, rows)),
        relations=relations,
    )


def load_subject(folder: StudyFolder) -> Subject:
    """What a study has left in its folder so far.

    Raises:
        ReportError: There is no such study, or a baseline to judge its scores by is missing.
    """
    values = read_json(folder.relations)
    relations = None if values is None else Relations.from_values(values)
    subject = subject_of(folder.record(), relations)
    asked = asked_of(subject.study, subject.rows)
    if asked is None:
        return subject
    return replace(subject, to_ask=asked).with_answers(kept_answers(folder, subject.study, asked))
