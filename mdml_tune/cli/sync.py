"""`mdml-tune sync`: publish to MLflow what is not there yet."""

import typer

from mdml_tune.cli import arguments as arg


def sync(
    study: arg.StudyName,
    *,
    storage: arg.Storage = arg.DEFAULT_STORAGE,
    tracking_uri: arg.TrackingUri = arg.DEFAULT_TRACKING,
) -> None:
    """Send to MLflow what it lacks of STUDY; what is there already is not sent again."""
    from mdml_tune.errors import UnavailableError
    from mdml_tune.storage.lock import held
    from mdml_tune.storage.studies import Storage
    from mdml_tune.tracking.check import check_tracking
    from mdml_tune.tracking.publisher import sync as publish

    check_tracking(tracking_uri)
    folder = Storage.at(storage).study(study)
    folder.record()  # says so where there is no such study, before a lock makes its folder
    with held(folder.path / "LOCK", f"Study '{study}'"):
        progress = publish(folder, tracking_uri)
    typer.echo(f"{progress.points:,} metric values sent; {progress.runs} trials have their run.")
    if progress.problem is not None:
        raise UnavailableError(f"{progress.missing:,} values could not be sent: {progress.problem}")
