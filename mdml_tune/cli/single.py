"""Training one configuration in this process, with a bar."""

import io
from pathlib import Path

import numpy as np
import yaml
from rich.console import Console

from mdml_tune.cli.data_sets import progress
from mdml_tune.cli.epochs import epochs_shown
from mdml_tune.cli.teaching import taught
from mdml_tune.config.identity import config_id
from mdml_tune.config.load import load_trial
from mdml_tune.config.schema import plain
from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.load import check_data, data_digest
from mdml_tune.errors import ConfigError, UnavailableError
from mdml_tune.records import Phase, Scores, Status, TrialRecord
from mdml_tune.spaces.study import Study
from mdml_tune.spaces.values import count
from mdml_tune.storage.atomic import write_bytes, write_json
from mdml_tune.storage.lock import held
from mdml_tune.storage.studies import Storage
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.trial import TrialContext, predictions, run_trial
from mdml_tune.tuning.baselines import Baselines, reference
from mdml_tune.tuning.networks import check_networks

DONE, FAILED, INTERRUPTED = 0, 4, 130


def train_one(
    study: Study,
    *,
    seed: int,
    out: Path,
    data_root: Path | None,
    storage: str,
    threads: int,
    save_predictions: Path | None = None,
) -> int:
    """Train the study's one configuration into ``out``; the exit code.

    Raises:
        ConfigError: The study leaves something open, or ``out`` holds another trial.
        UnavailableError: The data or the teachers are not there, or ``out`` cannot be written to.
    """
    if save_predictions is not None and save_predictions.suffix != ".npz":
        raise ConfigError(f"--save-predictions {save_predictions}: give a name that ends in .npz.")
    config = _only_configuration(study)
    check_networks(study)
    with progress() as bar:
        check_data(study.data, data_root, bar)
    digest = data_digest(study.data, data_root)
    baselines = Baselines(
        study=study, storage=Storage.at(storage), data_digest=digest, data_root=data_root
    )
    config = taught(config, baselines)
    record = _identity(config, seed, baselines, threads)
    folder = TrialFolder(out.absolute())
    try:
        with held(folder.path / "LOCK", f"The folder {out}"):
            _open(folder, record)
            context = TrialContext(
                seed=seed,
                folder=folder,
                data_root=data_root,
                baseline=_baseline(baselines),
                teachers=baselines.teachers(config, seed),
                read_test=True,
                keep_checkpoint=True,
                threads=threads,
            )
            with epochs_shown(config.training.epochs) as show:
                ended = run_trial(config, context, show)
            _write_metrics(folder, ended)
            if save_predictions is not None and ended.status is Status.COMPLETED:
                _write_predictions(save_predictions, config, context)
    except KeyboardInterrupt:
        Console().print(f"\nStopped. The same command goes on in {out}.", markup=False)
        return INTERRUPTED
    except OSError as error:
        if error.strerror is None:  # said by us, not by the system: a teacher's checkpoint is gone
            raise UnavailableError(str(error)) from error
        raise UnavailableError(
            f"{error.filename or out} cannot be written to: {error.strerror}. Choose another folder "
            f"with --out."
        ) from error
    return _told(ended, out, storage, save_predictions)


def _told(ended: TrialRecord, out: Path, storage: str, saved: Path | None) -> int:
    console = Console()
    if ended.status is Status.FAILED:
        console.print(f"failed: {ended.failure}", markup=False)
        return FAILED
    if ended.last is not None and "val/delta_m" not in ended.last.metrics:
        console.print(
            f"No Δm: the storage {storage} lacks this recipe's baselines. Train them with: "
            f"mdml-tune baselines SPACE",
            markup=False,
            soft_wrap=True,
        )
    console.print(f"{out / 'metrics.json'}", markup=False, highlight=False)
    if saved is not None:
        console.print(f"{saved}", markup=False, highlight=False)
    return DONE


def _only_configuration(study: Study) -> TrialConfig:
    space = study.space
    if not space.without_grid and space.grid_size() == 1:
        return load_trial(space.resolve(next(space.grid())))
    open_paths = [p.path for p in space.parameters if count(p.domain) != 1]
    raise ConfigError(
        f"Study '{study.name}' leaves {', '.join(open_paths)} open, and train takes one "
        f"configuration. Fix each with --set PATH=VALUE, or take the winner.yaml of a study's "
        f"results."
    )


def _identity(config: TrialConfig, seed: int, baselines: Baselines, threads: int) -> TrialRecord:
    return TrialRecord(
        trial_key=baselines.trial_key(config, seed),
        config_id=config_id(config),
        phase=Phase.CONFIRM,  # full length, scored on test
        seed=seed,
        config=plain(config),
        cpus=threads,
    )


def _open(folder: TrialFolder, record: TrialRecord) -> None:
    there = folder.record()
    if there is not None and there.trial_key != record.trial_key:
        raise ConfigError(
            f"{folder.path} holds another trial ({there.trial_key}, this is {record.trial_key}). "
            f"Choose another folder with --out."
        )
    if there is None:
        folder.open(record)
    text = yaml.safe_dump(dict(record.config), sort_keys=False, allow_unicode=True)
    write_bytes(folder.path / "trial.yaml", text.encode())


def _baseline(baselines: Baselines) -> Scores | None:
    """Scores of the study's baselines, where all of them have been trained."""
    jobs = baselines.jobs()
    records = [baselines.storage.baseline(job.record.trial_key).record() for job in jobs]
    done = [r for r in records if r is not None and r.status is Status.COMPLETED]
    return reference(done) if len(done) == len(jobs) else None


def _write_metrics(folder: TrialFolder, record: TrialRecord) -> None:
    """Every last value under its full name, for programs: ``test/depth/abs_err``."""
    values: dict[str, object] = {} if record.last is None else dict(record.last.metrics)
    values |= {f"test/{name}": value for name, value in (record.test or {}).items()}
    write_json(folder.path / "metrics.json", values)


def _write_predictions(path: Path, config: TrialConfig, context: TrialContext) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **predictions(config, context))  # pyright: ignore[reportArgumentType]
    write_bytes(path.absolute(), buffer.getvalue())
