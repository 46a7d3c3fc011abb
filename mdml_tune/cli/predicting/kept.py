"""The trial that a key or a folder names, with the checkpoint that was kept of it."""

from pathlib import Path

from mdml_tune.errors import UnavailableError
from mdml_tune.records import TrialRecord
from mdml_tune.storage.inventory import find_trial
from mdml_tune.storage.studies import Storage
from mdml_tune.storage.trials import TrialFolder

_SHOWN = 5


def kept_trial(storage: Storage, key_or_folder: str) -> tuple[TrialFolder, TrialRecord]:
    """An ended trial with its last checkpoint.

    Raises:
        ReportError: There is no such trial in the storage.
        UnavailableError: It has not ended, or its checkpoint was not kept; names some that were.
    """
    folder, study = TrialFolder(Path(key_or_folder).expanduser().absolute()), None
    if not folder.is_open():
        found = find_trial(storage, key_or_folder)
        folder, study = found.folder, found.study
    record = folder.record()
    if record is None or not record.status.is_final:
        raise UnavailableError(
            f"The trial in {folder.path} has not ended, and its networks still change. Wait for its "
            f"end, or name another trial."
        )
    if not has_checkpoint(folder):
        raise UnavailableError(_without(storage, record, study))
    return folder, record


def has_checkpoint(folder: TrialFolder) -> bool:
    return (folder.checkpoints / "LATEST").exists()


def _without(storage: Storage, record: TrialRecord, study: str | None) -> str:
    kept = [] if study is None else _kept_of(storage, study)
    listed = ", ".join(f"{key} ({what})" for key, what in kept[:_SHOWN])
    more = f" and {len(kept) - _SHOWN} more" if len(kept) > _SHOWN else ""
    there = f"Of study '{study}' these have one: {listed}{more}. " if kept else ""
    return (
        f"No checkpoint was kept of {record.trial_key} ({record.phase}, {record.status}): those of "
        f"confirmed trials, baselines and `train` are. {there}Or train its configuration "
        f"(mdml-tune train, with the values of its trial.json) and name the --out folder."
    )


def _kept_of(storage: Storage, study: str) -> list[tuple[str, str]]:
    """Confirmed trials first: key, and what it is."""
    folder = storage.study(study)
    record = folder.record()
    trials = [(folder.trial(trial.trial_key), trial) for trial in record.trials]
    trials += [(storage.baseline(trial.trial_key), trial) for trial in record.baselines]
    return [
        (trial.trial_key, f"{trial.phase} {trial.method or trial.config_id} seed {trial.seed}")
        for place, trial in trials
        if trial.status.is_final and has_checkpoint(place)
    ]
