"""`mdml-tune status`: what is running, and the leaderboard so far."""

from typing import Annotated

import typer

from mdml_tune.cli import arguments as arg
from mdml_tune.records import StudyRecord
from mdml_tune.storage.studies import StudyFolder


def status(
    study: Annotated[
        str | None, typer.Argument(help="Name of a study; without it, all are listed.")
    ] = None,
    *,
    storage: arg.Storage = arg.DEFAULT_STORAGE,
) -> None:
    """Show how far STUDY is; without a name, every study in the storage."""
    from mdml_tune.analysis.ranking import rank
    from mdml_tune.analysis.tables import leaderboard
    from mdml_tune.cli.tables import build_console, print_table
    from mdml_tune.storage.studies import Storage

    store = Storage.at(storage)
    names = store.studies() if study is None else [study]
    if not names:
        typer.echo(f"No study in {store.path}. Start one with: mdml-tune search")
    for name in names:
        folder = store.study(name)
        record = folder.record()
        typer.echo(_standing(folder, record))
        if study is not None and any(trial.history for trial in record.trials):
            print_table(build_console(), leaderboard(rank(record), 10), title="Leaderboard so far")


def _standing(folder: StudyFolder, record: StudyRecord) -> str:
    from mdml_tune.analysis.summary import trials_by_status
    from mdml_tune.storage.lock import holder_of

    holder = holder_of(folder.path / "LOCK")
    lines = [f"{record.name}: {f'run by {holder}' if holder else 'not running'}"]
    for phase, counts in trials_by_status(record):
        said = ", ".join(
            f"{count} {'interrupted' if state == 'running' and not holder else state}"
            for state, count in counts.items()
        )
        lines.append(f"  {phase:9} {said or 'none yet'}")
    return "\n".join(lines)
