"""`mdml-tune report`: rebuild tables, figures and the report of a study."""

import typer

from mdml_tune.cli import arguments as arg


def report(
    study: arg.StudyName,
    *,
    storage: arg.Storage = arg.DEFAULT_STORAGE,
    data_root: arg.DataRoot = None,
) -> None:
    """Write everything under results/ of STUDY again, from what its trials left behind.

    Where the strip of predictions is missing, the networks that it shows are asked for it.
    """
    import gc
    import os

    from mdml_tune.analysis.report import write_results
    from mdml_tune.analysis.subject import load_subject
    from mdml_tune.storage.studies import Storage
    from mdml_tune.tracking.ledger import run_ids

    gc.disable()  # what is read stays: looking through it again and again takes a second
    folder = Storage.at(storage).study(study)
    subject, asked = load_subject(folder), False
    if subject.to_ask is not None:
        from mdml_tune.predicting.sampling import keep_samples  # imports torch

        root = arg.absolute(data_root)
        subject = subject.with_answers(keep_samples(folder, subject.to_ask, root))
        asked = True
    # Whoever has asked networks has threads, and must not fork.
    processes = 1 if asked else min(2, os.cpu_count() or 1)
    results = write_results(subject, folder.results, run_ids(folder), processes)
    typer.echo(f"{results.answer}\n\n{results.report}")
    if subject.not_sampled is not None:
        typer.echo(f"without a strip of predictions: {subject.not_sampled}", err=True)
