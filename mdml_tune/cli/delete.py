"""`mdml-tune delete`: remove a study."""

from typing import Annotated

import typer

from mdml_tune.cli import arguments as arg


def delete(
    study: arg.StudyName,
    *,
    storage: arg.Storage = arg.DEFAULT_STORAGE,
    tracking_uri: arg.TrackingUri = arg.DEFAULT_TRACKING,
    runs: Annotated[bool, typer.Option("--runs", help="Delete its MLflow runs too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete STUDY: its trials, results and reports. The baselines, which studies share, stay."""
    from mdml_tune.cli.deleting import delete_study
    from mdml_tune.storage.studies import Storage

    folder = Storage.at(storage).study(study)
    delete_study(folder, tracking_uri if runs else None, yes=yes)
