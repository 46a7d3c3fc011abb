"""Removing a study, and not half of it."""

from rich.console import Console

from mdml_tune.cli.amounts import size_text
from mdml_tune.cli.asking import require_consent
from mdml_tune.errors import UnavailableError
from mdml_tune.storage.inventory import empty_trash, set_aside, size_of
from mdml_tune.storage.lock import held, holder_of
from mdml_tune.storage.studies import StudyFolder


def delete_study(folder: StudyFolder, tracking_uri: str | None, *, yes: bool) -> None:
    """Show what goes, ask, and remove it.

    Args:
        folder: Of the study.
        tracking_uri: Where its MLflow runs are, which go too; none to keep them.
        yes: Do not ask.

    Raises:
        ReportError: There is no such study in the storage.
        UnavailableError: Somebody runs it, or MLflow is away.
        ConfigError: There is nobody to ask, or the runs are in another store.
    """
    record = folder.record()
    _require_idle(folder)
    console = Console()
    said = [
        f"{folder.path}: {len(record.trials)} trials, {size_text(size_of(folder.path))}",
        "Its baselines stay; mdml-tune baselines --prune removes those that no study needs.",
        "Its MLflow runs are deleted too."
        if tracking_uri is not None
        else "Its MLflow runs stay; --runs deletes them too.",
    ]
    console.print("\n".join(said), markup=False, highlight=False, soft_wrap=True)
    require_consent(f"Delete study '{folder.name}'?", yes=yes)
    with held(folder.path / "LOCK", f"Study '{folder.name}'"):
        if tracking_uri is not None:
            _delete_runs(folder, tracking_uri, console)
        set_aside(folder.storage, folder.path)
    empty_trash(folder.storage)
    console.print(f"Deleted study '{folder.name}'.", markup=False, highlight=False)


def _require_idle(folder: StudyFolder) -> None:
    holder = holder_of(folder.path / "LOCK")
    if holder is not None:
        raise UnavailableError(
            f"Study '{folder.name}' is being run by {holder}. Stop it first: mdml-tune stop "
            f"{folder.name} --storage {folder.storage.path}"
        )


def _delete_runs(folder: StudyFolder, tracking_uri: str, console: Console) -> None:
    from mdml_tune.tracking.check import check_tracking
    from mdml_tune.tracking.repair import delete_runs

    count = delete_runs(folder, check_tracking(tracking_uri))
    console.print(f"Deleted {count} MLflow runs (mlflow gc frees their bytes).", markup=False)
