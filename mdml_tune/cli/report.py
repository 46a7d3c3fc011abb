"""`mdml-tune report`: rebuild tables, figures and the report of a study."""

import typer

from mdml_tune.cli import arguments as arg


def report(study: arg.StudyName, *, storage: arg.Storage = arg.DEFAULT_STORAGE) -> None:
    """Write everything under results/ of STUDY again, from what its trials left behind."""
    from mdml_tune.analysis.report import write_results
    from mdml_tune.analysis.subject import load_subject
    from mdml_tune.storage.studies import Storage
    from mdml_tune.tracking.ledger import run_ids

    folder = Storage.at(storage).study(study)
    results = write_results(load_subject(folder), folder.results, run_ids(folder))
    typer.echo(f"{results.answer}\n\n{results.report}")
