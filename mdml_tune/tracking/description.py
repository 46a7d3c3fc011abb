"""What a reader of MLflow sees of a trial and of a study: names, tags, parameters, a note."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from mdml_tune.records import Phase, StudyRecord, TrialRecord
from mdml_tune.storage.studies import StudyFolder

PARENT = "mlflow.parentRunId"
STUDY = "mdml.study"
TRIAL = "mdml.trial_key"
STATUS = "mdml.status"
EPOCHS = "mdml.epochs"
FAILURE = "mdml.failure"
NON_FINITE = "mdml.non_finite"

_LONGEST_PARAM = 6000
_LONGEST_TAG = 8000
_NOT_IN_A_NAME = re.compile(r"[^\w.\- /:]")


def run_name(record: TrialRecord) -> str:
    match record.phase:
        case Phase.BASELINE:
            return f"baseline {record.method} seed {record.seed}"
        case Phase.SEARCH if record.number is not None:
            parts = [f"search-{record.number:03d}", record.method or record.config_id[:8]]
            return " ".join(parts + ([f"seed {record.seed}"] if record.seed else []))
        case Phase.SEARCH | Phase.CONFIRM:
            return f"{record.phase} {record.config_id[:8]} seed {record.seed}"


def trial_tags(record: TrialRecord, study: str, parent_run_id: str) -> dict[str, str]:
    tags = {
        PARENT: parent_run_id,
        STUDY: study,
        TRIAL: record.trial_key,
        "mdml.config_id": record.config_id,
        "mdml.phase": str(record.phase),
        "mdml.seed": str(record.seed),
        "mlflow.source.name": "mdml-tune",
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
    note = tag_text(_note(study))
    return tags | {
        STUDY: study.name,
        "mlflow.source.name": "mdml-tune",
        "mlflow.note.content": note,
    }


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


def study_file(study: StudyFolder) -> str:
    """The study as its user wrote it, else as it was read."""
    return "study.yaml" if (study.path / "study.yaml").exists() else "study.json"


def tag_text(text: str) -> str:
    return text if len(text) <= _LONGEST_TAG else text[: _LONGEST_TAG - 1] + "…"


def _note(study: StudyRecord) -> str:
    found = data_set(study, trial_section(study))
    on = "" if found is None else f" on `{found[0]}`"
    tasks = ", ".join(study.tasks)
    return (
        f"# {study.name}\n\n"
        f"**Question:** which configuration of networks that learn from each other gains most "
        f"over single-task networks in {tasks}{on}?\n\n"
        f"**Answer:** under *Artifacts*, in `results/`: `report.html` (everything on one page), "
        f"`ranked.csv` (every configuration, best first), `delta_m.md` (the table).\n\n"
        f"**Runs:** below this one, one per trial and seed. The tag `mdml.phase` tells `baseline`, "
        f"`search` and `confirm` apart; group by `mdml.config_id` to average over seeds. "
        f"`delta_m` is the gain over the baselines in percent: positive is better."
    )


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
