"""`mdml-tune status`: what is running, the leaderboard so far, and what is left to be done."""

import time
from typing import Annotated

import typer

from mdml_tune.cli import arguments as arg
from mdml_tune.records import StudyRecord
from mdml_tune.storage.lock import Holder
from mdml_tune.storage.studies import StudyFolder


def status(
    study: Annotated[
        str | None, typer.Argument(help="Name of a study; without it, all are listed.")
    ] = None,
    *,
    storage: arg.Storage = arg.DEFAULT_STORAGE,
) -> None:
    """Show how far STUDY is and what is left of it; without a name, list every study."""
    from mdml_tune.storage.studies import Storage

    store = Storage.at(storage)
    if study is not None:
        _show(store.study(study))
        return
    names = store.studies()
    if not names:
        typer.echo(f"No study in {store.path}. Start one with: mdml-tune search")
    for name in names:
        folder = store.study(name)
        holder = _holder(folder)
        phases = [f"{phase} {counts}" for phase, counts in _counts(folder.record(), holder)]
        typer.echo("; ".join([_who(folder, holder), *phases]))


def _show(folder: StudyFolder) -> None:
    from mdml_tune.analysis.pareto import searched_front
    from mdml_tune.analysis.ranking import rank
    from mdml_tune.analysis.tables.leaderboard import leaderboard
    from mdml_tune.cli.tables import build_console, print_table

    # Before anything else is read: what it has left when it is gone, it has left for good.
    holder = _holder(folder)
    record = folder.record()
    typer.echo(_who(folder, holder))
    ended = None if holder is not None else _last_start(folder)
    if ended is not None:
        typer.echo(f"  {ended}")
    for phase, counts in _counts(record, holder):
        typer.echo(f"  {phase:9} {counts}")
    if any(trial.history for trial in record.trials):
        print_table(
            build_console(),
            leaderboard(rank(record), 10, searched_front(record)),
            title="Leaderboard so far",
        )
    if folder.is_over():
        typer.echo("Nothing is left to be done.")
    else:
        _show_what_is_left(record, holder)


def _show_what_is_left(record: StudyRecord, holder: Holder | None) -> None:
    """Forecast and budgets; nothing of a study that this version cannot read as it was begun."""
    from mdml_tune.cli.forecasts import budget_lines, forecast_text
    from mdml_tune.cli.tables import build_console, print_table
    from mdml_tune.spaces.check import check_study
    from mdml_tune.tuning.forecast_left import forecast_left
    from mdml_tune.tuning.spending import spent

    study = check_study(record.study)
    if isinstance(study, list):
        typer.echo("What is left cannot be told: the study was begun by another version.")
        return
    budget = study.budget
    spending = spent(record, price=budget.cost_per_gpu_hour, wall_hours=_hours_since(holder))
    left = forecast_left(study, record, spending)
    if left.total.trainings.high > 0:
        text = forecast_text(left, study.resources, budget)
        print_table(build_console(), text, title="Still to be done")
    elif not left.unknown:
        typer.echo("Nothing is left to be done.")
    for phase in left.unknown:
        typer.echo(f"{phase}: no epoch has been trained yet, so nobody knows how long it takes.")
    lines = [*budget_lines(budget, spending), *([left.ends] if left.ends else [])]
    for line in lines:
        typer.echo(f"budget: {line}")


def _who(folder: StudyFolder, holder: Holder | None) -> str:
    return f"{folder.name}: {f'run by {holder}' if holder else 'not running'}"


def _last_start(folder: StudyFolder) -> str | None:
    """How the last start of a study that does not run ended; none where it has left no word."""
    from mdml_tune.errors import DataError
    from mdml_tune.storage.status import STATUS, State, read_status

    try:
        said = read_status(folder.path / STATUS)
    except DataError as error:
        return f"last start: {error}"
    if said is None:
        return None
    if said.state is State.RUNNING:
        return (
            f"last start: killed without a warning (process {said.pid} on {said.host}, last seen "
            f"{said.updated}); the same command goes on from here"
        )
    how = str(said.state).replace("_", " ")
    message = f": {said.message}" if said.message else ""
    return f"last start: {how} {said.ended}, exit code {said.exit_code}{message}"


def _counts(record: StudyRecord, holder: Holder | None) -> list[tuple[str, str]]:
    """Of each phase, how many trials are in which state."""
    from mdml_tune.analysis.page.summary import trials_by_status

    told: list[tuple[str, str]] = []
    for phase, counts in trials_by_status(record):
        said = ", ".join(
            f"{count} {'interrupted' if state == 'running' and not holder else state}"
            for state, count in counts.items()
        )
        told.append((phase, said or "none yet"))
    return told


def _holder(folder: StudyFolder) -> Holder | None:
    from mdml_tune.storage.lock import holder_of

    return holder_of(folder.path / "LOCK")


def _hours_since(holder: Holder | None) -> float | None:
    """Hours since the study was started this time; none where it does not run."""
    if holder is None:
        return None
    try:
        began = time.mktime(time.strptime(holder.since, "%Y-%m-%d %H:%M:%S"))
    except ValueError:
        return None  # a lock that we did not write does not say
    return max(0.0, time.time() - began) / 3600
