"""What a reader of MLflow sees of a trial and of a study: names, tags, parameters."""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import cast

from mdml_tune.records import Phase, Status, StudyRecord, TrialRecord
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.tracking import notes, views

PARENT = "mlflow.parentRunId"
NAME = "mlflow.runName"
NOTE = "mlflow.note.content"
STUDY = "mdml.study"
TRIAL = "mdml.trial_key"
STATUS = views.STATUS
EPOCHS = "mdml.epochs"
FAILURE = "mdml.failure"
NON_FINITE = "mdml.non_finite"

_LONGEST_PARAM = 6000
_NOT_IN_A_NAME = re.compile(r"[^\w.\- /:]")


def run_name(record: TrialRecord, gain: float | None = None) -> str:
    """Who a trial is and how it ended, led by its Δm: MLflow's own columns show no metric.

    Args:
        record: The trial.
        gain: Its Δm in percent, once that is final.
    """
    parts = [*([] if gain is None else [f"{gain:+z.2f} %"]), *_who(record)]
    if record.status in {Status.PRUNED, Status.FAILED}:
        parts.append(f"({record.status})")
    return " ".join(parts)


def final_name(record: TrialRecord) -> str | None:
    """The name of a searched trial that has ended; the Δm of a confirmed one is known later."""
    if record.phase is not Phase.SEARCH or not record.status.is_final:
        return None
    gain = math.nan if record.last is None else record.last.metrics.get("val/delta_m", math.nan)
    return run_name(record, gain if math.isfinite(gain) else None)


def _who(record: TrialRecord) -> list[str]:
    seed = f"seed {record.seed}"
    identity = record.config_id[:8]
    match record.phase:
        case Phase.BASELINE:
            return [f"baseline {record.method}", seed]
        case Phase.SEARCH if record.number is not None:
            who = [f"search-{record.number:03d}", record.method or identity]
            return [*who, seed] if record.seed else who
        case Phase.SEARCH | Phase.CONFIRM:
            who = [record.method, seed, identity] if record.method else [identity, seed]
            return [str(record.phase), *who]


def trial_tags(record: TrialRecord, study: str, parent_run_id: str) -> dict[str, str]:
    tags = {
        PARENT: parent_run_id,
        STUDY: study,
        TRIAL: record.trial_key,
        views.CONFIG_ID: record.config_id,
        views.PHASE: str(record.phase),
        views.SEED: str(record.seed),
        "mlflow.source.name": "mdml-tune",
        NOTE: tag_text(notes.trial_note(record)),
    }
    if record.method is not None:
        tags["mdml.method"] = record.method
    return tags


def trial_params(record: TrialRecord) -> dict[str, str]:
    """Everything that was resolved, and on top of it what was sampled, under dotted paths."""
    values = dict(_leaves(record.config)) | dict(record.parameters)
    return {_name(key): _text(value) for key, value in values.items()}


def study_tags(study: StudyRecord) -> dict[str, str]:
    """Provenance as tags: ``about.git_commit`` becomes ``mdml.git_commit``."""
    tags = {f"mdml.{_name(path)}": tag_text(_text(value)) for path, value in _leaves(study.about)}
    canonical = json.dumps(study.study, sort_keys=True, default=str)
    tags.setdefault("mdml.space_digest", hashlib.sha256(canonical.encode()).hexdigest()[:16])
    commit = study.about.get("git_commit")
    if isinstance(commit, str):
        tags["mlflow.source.git.commit"] = commit
    return tags | {STUDY: study.name, "mlflow.source.name": "mdml-tune"}


def data_set(study: StudyRecord, config: Mapping[str, object]) -> tuple[str, str] | None:
    """Name and digest of what a trial learns from; none where the study does not say."""
    digest = study.about.get("data_digest")
    data = config.get("data")
    if not isinstance(digest, str) or not isinstance(data, Mapping):
        return None
    return str(cast("Mapping[str, object]", data).get("dataset", "data")), digest


def trial_section(study: StudyRecord) -> Mapping[str, object]:
    """What the study file says of its trials."""
    trial = study.study.get("trial")
    return cast("Mapping[str, object]", trial) if isinstance(trial, Mapping) else {}


def began_ms(study: StudyRecord) -> int:
    """When the study was started, as Unix time in milliseconds; 0 where it does not say."""
    started = study.about.get("started")
    try:
        return int(datetime.fromisoformat(str(started)).timestamp() * 1000)
    except ValueError:
        return 0


def study_file(study: StudyFolder) -> str:
    """The study as its user wrote it, else as it was read."""
    return "study.yaml" if (study.path / "study.yaml").exists() else "study.json"


def tag_text(text: str) -> str:
    return text if len(text) <= notes.LONGEST else text[: notes.LONGEST - 1] + "…"


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Dotted paths; items of a list that holds sections are numbered, other lists stay whole."""
    if isinstance(value, Mapping) and value:
        items = list(cast("Mapping[str, object]", value).items())
    elif isinstance(value, Sequence) and _has_sections(cast("Sequence[object]", value)):
        items = [(str(i), item) for i, item in enumerate(cast("Sequence[object]", value))]
    else:
        if path:
            yield path, value
        return
    for key, item in items:
        yield from _leaves(item, f"{path}.{key}" if path else key)


def _has_sections(values: Sequence[object]) -> bool:
    return not isinstance(values, str) and any(isinstance(item, Mapping) for item in values)


def _name(path: str) -> str:
    """As MLflow allows it."""
    return _NOT_IN_A_NAME.sub("_", path)[:240]


def _text(value: object) -> str:
    """As in the study file: text bare, everything else as JSON."""
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _LONGEST_PARAM else text[: _LONGEST_PARAM - 1] + "…"
