"""Whose predictions a study shows, and whether they are there to be shown."""

from collections.abc import Sequence

from mdml_tune.analysis.ranking import Group, RankedRow
from mdml_tune.analysis.reference import finished_baselines
from mdml_tune.records import StudyRecord, TrialRecord
from mdml_tune.storage.samples import Asked, NotMade, Samples, read_samples
from mdml_tune.storage.studies import StudyFolder


def asked_of(study: StudyRecord, rows: Sequence[RankedRow]) -> Asked | None:
    """The leading confirmed configuration, and the baselines: of each its first seed.

    None where nothing is confirmed: what the search alone says does not choose what is shown.
    """
    leader = next((row for row in rows if row.group is Group.CONFIRMED), None)
    if leader is None:
        return None
    return Asked(
        ours=min(leader.shown, key=lambda trial: trial.seed).trial_key,
        single={task: finished_baselines(study, task)[0].trial_key for task in study.tasks},
    )


def kept_answers(folder: StudyFolder, study: StudyRecord, asked: Asked) -> Samples | NotMade | None:
    """What the networks that are to be asked have said; none where they still can be asked."""
    kept = read_samples(folder)
    if kept is not None and kept.asked == asked:
        return kept
    places = asked.places(folder).items()
    gone = [key for key, place in places if not (place.checkpoints / "LATEST").exists()]
    if not gone:
        return None
    named = {trial.trial_key: trial for trial in (*study.baselines, *study.trials)}
    lost = ", ".join(_called(named[key]) for key in gone)
    return NotMade(f"no checkpoint was kept of {lost}")


def _called(trial: TrialRecord) -> str:
    return f"{trial.trial_key} ({trial.phase} {trial.method or trial.config_id} seed {trial.seed})"
