"""Training a recorded trial again, and comparing."""

from dataclasses import replace

from rich.console import Console

from mdml_tune.cli.data_sets import progress
from mdml_tune.cli.repeating.circumstances import circumstances
from mdml_tune.cli.repeating.matching import compare
from mdml_tune.cli.repeating.reproduced import PICTURE, verdict_lines, write_comparison
from mdml_tune.cli.repeating.rerun import Asked, context_of, prepare, trained_again
from mdml_tune.cli.repeating.surroundings import surroundings
from mdml_tune.config.identity import trial_key
from mdml_tune.config.load import load_trial
from mdml_tune.data.load import check_data, data_digest
from mdml_tune.errors import ReportError, UnavailableError
from mdml_tune.models.build import check_network
from mdml_tune.records import TrialRecord
from mdml_tune.storage.inventory import FoundTrial, find_trial
from mdml_tune.storage.lock import held
from mdml_tune.storage.trials import TrialFolder

MATCHED, NOT_MATCHED, INTERRUPTED = 0, 4, 130


def reproduce_trial(asked: Asked) -> int:
    """Train it again, compare, and say so; the exit code.

    Raises:
        ReportError: There is no such trial, or it measured nothing.
        DataError: The data are not those that it learnt from.
        UnavailableError: Data, baselines or teachers are not there.
        ConfigError: The folder for the new run holds something else.
    """
    found = find_trial(asked.storage, asked.key)
    recorded = _measured(found)
    config = load_trial(recorded.config, what=f"the trial {recorded.trial_key}")
    for network in config.networks:
        check_network(network)
    with progress() as bar:
        check_data(config.data, asked.data_root, bar)
    digest = data_digest(config.data, asked.data_root)
    beside = surroundings(asked.storage, found, recorded, config)
    console = Console()
    threads = asked.threads or max(1, int(recorded.cpus))
    changes = circumstances(recorded, beside, digest, threads)
    _say(console, _heading(found, recorded))
    _say(console, *(f"warning: {said}" for said in changes))
    now = replace(
        recorded,
        trial_key=trial_key(config, recorded.seed, digest, beside.teacher_keys),
        cpus=threads,
    )
    folder = TrialFolder(asked.out or asked.storage.path / "reproduced" / recorded.trial_key)
    try:
        with held(folder.path / "LOCK", f"The folder {folder.path}"):
            prepare(folder, now, asked)
            context = context_of(folder, now, beside, asked.data_root)
            again = trained_again(folder, recorded, config, context)
    except KeyboardInterrupt:
        _say(console, "", f"Stopped. The same command goes on in {folder.path}.")
        return INTERRUPTED
    except FileNotFoundError as error:
        if error.filename is not None:
            raise
        raise UnavailableError(str(error)) from error
    comparison = compare(recorded, again)
    write_comparison(folder, recorded, again, comparison, changes, asked.tolerance)
    _say(console, *verdict_lines(comparison, asked.tolerance), str(folder.path / PICTURE))
    return MATCHED if comparison.is_within(asked.tolerance) else NOT_MATCHED


def _measured(found: FoundTrial) -> TrialRecord:
    record = found.folder.record()
    if record is None or not (record.history or record.diverged):
        raise ReportError(
            f"The trial {found.folder.path.name} has not measured anything yet, so there is "
            f"nothing to compare with. Let its study go on first: mdml-tune search."
        )
    return record


def _heading(found: FoundTrial, recorded: TrialRecord) -> str:
    where = f" of study '{found.study}'" if found.study else ""
    also = f" (also in {', '.join(found.also_in)})" if found.also_in else ""
    return (
        f"{recorded.trial_key}: {recorded.phase} trial{where}{also}, "
        f"{recorded.method or recorded.config_id}, seed {recorded.seed}, {recorded.status} after "
        f"{len(recorded.history)} epochs"
    )


def _say(console: Console, *lines: str) -> None:
    if lines:
        console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
