"""What a newcomer meets: prepared views, the experiment's description, and the answer on the parent run."""

import hashlib
import json
from collections.abc import Mapping
from typing import cast

from mdml_tune.errors import ConfigError
from mdml_tune.records import StudyRecord
from mdml_tune.spaces.space import Space
from mdml_tune.tracking import description, notes, views
from mdml_tune.tracking.failures import RefusedError
from mdml_tune.tracking.gains import TestGain, test_gains
from mdml_tune.tracking.session import Session


def present(session: Session) -> None:
    """Say how the study stands now; told again, it changes nothing.

    Raises:
        TrackingError: MLflow cannot be reached, or refuses.
    """
    gains = test_gains(session.study, session.header.tasks)
    _copy_gains(session, gains)
    _show_views(session, split="test" if gains else "val")
    note = notes.study_note(session.study, _question(session), session.ledger.experiment_id or "")
    session.server.log(session.parent_run_id, tags={description.NOTE: note})


def parameters(study: StudyRecord) -> list[str]:
    """What the study searches, under dotted paths; nothing where its file is not understood."""
    methods = cast("Mapping[str, Mapping[str, object]] | None", study.study.get("methods"))
    try:
        space = Space.of(description.trial_section(study), methods)
    except ConfigError:  # written by another version; the views do without
        return []
    return list(dict.fromkeys(parameter.path for parameter in space.parameters))


def _question(session: Session) -> str:
    header = session.header
    found = description.data_set(header, description.trial_section(header))
    return notes.question(header, None if found is None else found[0])


def _show_views(session: Session, split: str) -> None:
    """The experiment's description is left to whoever has written one."""
    ledger = session.ledger
    experiment = ledger.experiment_id or ""
    tags = {
        "mlflow.experimentKind": "custom_model_development",
        "mlflow.experiment.primaryMetric.name": f"{split}/delta_m",
        **views.views(
            parameters(session.header), split=split, born_ms=description.began_ms(session.header)
        ),
    }
    note = notes.experiment_note(experiment, session.parent_run_id)
    digest = hashlib.sha256(json.dumps([tags, note]).encode()).hexdigest()
    if ledger.views == digest:
        return
    if description.NOTE not in session.server.experiment_tags(experiment):
        tags[description.NOTE] = note
    session.server.tag_experiment(experiment, tags)
    ledger.views = digest
    session.changed = True


def _copy_gains(session: Session, gains: Mapping[str, TestGain]) -> None:
    """Told after the scores that they follow from; a run that was deleted is looked for anew."""
    for key, (record, point) in gains.items():
        entry = session.ledger.trials.get(key)
        if entry is None or not entry.test or entry.test_gain == point.value:
            continue
        name = description.run_name(record, point.value)
        session.changed = True
        try:
            session.server.log(entry.run_id, points=[point], tags={description.NAME: name})
        except RefusedError:
            session.ledger.trials.pop(key, None)
            session.runs.forget()
        else:
            entry.test_gain = point.value
