"""What a table of finalists leaves out, in words: nothing is dropped in silence."""

from collections.abc import Sequence

from mdml_tune.analysis.finalists import UNCONFIRMED, methods
from mdml_tune.analysis.numbers import signed
from mdml_tune.analysis.ranking import Group, RankedRow
from mdml_tune.records import Phase, Status, StudyRecord


def omissions(
    study: StudyRecord, rows: Sequence[RankedRow], shown: Sequence[RankedRow]
) -> tuple[str, ...]:
    """One sentence for each kind of thing that ``shown`` lacks of ``rows``."""
    found = (
        _still_running(study),
        _without_row(study, shown),
        _cut(study, rows, shown),
        _not_chosen(study, rows, shown),
        *(_lost_seeds(row) for row in shown),
    )
    return tuple(sentence for sentence in found if sentence is not None)


def _still_running(study: StudyRecord) -> str | None:
    count = sum(trial.status is Status.RUNNING for trial in study.trials)
    if not count:
        return None
    return f"Not final: {count} of {len(study.trials)} trials of {study.name} have not ended."


def _without_row(study: StudyRecord, shown: Sequence[RankedRow]) -> str | None:
    there = {row.method for row in shown}
    missing = [name for name in methods(study) if name not in there]
    if not missing:
        return None
    ended = "confirmed on test" if shown[0].group is Group.CONFIRMED else "trained to its end"
    return f"Without a row, as nothing of it is {ended}: {', '.join(missing)}."


def _cut(study: StudyRecord, rows: Sequence[RankedRow], shown: Sequence[RankedRow]) -> str | None:
    ended = [row for row in rows if row.group is Group.COMPLETED]
    if methods(study) or shown[0].group is Group.CONFIRMED or len(ended) <= UNCONFIRMED:
        return None
    return f"The best {UNCONFIRMED} of {len(ended)} configurations of {study.name} on val."


def _not_chosen(
    study: StudyRecord, rows: Sequence[RankedRow], shown: Sequence[RankedRow]
) -> str | None:
    there = {row.config_id for row in shown}
    confirmed = [row for row in rows if row.group is Group.CONFIRMED]
    other = [
        f"{row.label} {signed(row.delta_m)}" for row in confirmed if row.config_id not in there
    ]
    if not methods(study) or shown[0].group is not Group.CONFIRMED or not other:
        return None
    return (
        f"Also confirmed, but not the one of its method that was best on val (Δm gain [%]): "
        f"{', '.join(other)}."
    )


def _lost_seeds(row: RankedRow) -> str | None:
    asked = [trial for trial in row.trials if trial.phase is Phase.CONFIRM]
    lost = [t for t in asked if t.status.is_final and t not in row.shown]
    if row.group is not Group.CONFIRMED or not lost:
        return None
    return (
        f"{row.label} rests on {len(row.shown)} of {len(asked)} confirming trials: "
        f"{len(lost)} ended without finite scores."
    )
