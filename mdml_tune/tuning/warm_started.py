"""The warm start of a study: gathered once, when its search begins, and kept in its folder."""

from collections.abc import Collection

from mdml_tune.config.load import load_trial
from mdml_tune.config.trial import TrialConfig
from mdml_tune.errors import ConfigError
from mdml_tune.records import Phase
from mdml_tune.scd.relations import Relations, resolved
from mdml_tune.spaces.space import Assignment
from mdml_tune.spaces.study import Study
from mdml_tune.storage.atomic import read_json, write_json
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.tuning.events import Notice, Observer
from mdml_tune.tuning.tried import Earlier
from mdml_tune.tuning.warm_start import WarmStart, gather

FILE = "warm_start.json"


def earlier_trials(folder: StudyFolder) -> tuple[Earlier, ...]:
    """What the study was warm-started with; nothing where it was not."""
    values = read_json(folder.path / FILE)
    return () if values is None else WarmStart.from_values(values).taken


def check_warm_start(folder: StudyFolder, earlier: StudyFolder | None) -> None:
    """Before anything runs: a study is resumed as it was begun.

    Raises:
        ConfigError: It was warm-started with another study, or begun without one.
        ReportError: There is no such earlier study.
    """
    if earlier is None:
        return
    if earlier.name == folder.name:
        raise ConfigError(
            f"--warm-start {earlier.name}: a study cannot start from itself. Run this one under "
            f"another name: --name NAME."
        )
    earlier.record()
    values = read_json(folder.path / FILE)
    if values is not None and values["study"] != earlier.name:
        raise ConfigError(
            f"--warm-start {earlier.name}: study '{folder.name}' was warm-started from "
            f"'{values['study']}'. Leave the option out, or begin anew with --name or --fresh."
        )
    begun = any(trial.phase is Phase.SEARCH for trial in folder.record().trials)
    if values is None and begun:
        raise ConfigError(
            f"--warm-start {earlier.name}: the search of study '{folder.name}' has begun without "
            f"it. Leave the option out, or begin anew with --name or --fresh."
        )


def warm_start(
    study: Study,
    folder: StudyFolder,
    earlier: StudyFolder | None,
    relations: Relations | None,
    *,
    data_digest: str,
    baselines: Collection[str],
    observe: Observer,
) -> None:
    """Gather what the earlier study knows, unless that was done; say what was taken and left."""
    if earlier is None or (folder.path / FILE).exists():
        return

    def config_of(assignment: Assignment) -> TrialConfig:
        values = study.space.resolve(assignment)
        if not study.allows(values):
            raise ConfigError("it breaks what the study requires")
        config = load_trial(values)
        return config if relations is None else resolved(config, relations)

    found = gather(study, config_of, earlier, data_digest=data_digest, baselines=baselines)
    write_json(folder.path / FILE, found.as_values())
    left = "; ".join(f"{count} left: {reason}" for reason, count in found.left.items())
    said = f"warm start from '{earlier.name}': {len(found.taken)} configurations taken"
    observe(Notice(f"{said}{f'; {left}' if left else ''}"))
