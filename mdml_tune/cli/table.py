"""`mdml-tune table`: the paper's Δm table."""

from enum import StrEnum
from typing import Annotated

import typer

from mdml_tune.cli import arguments as arg


class Format(StrEnum):
    MARKDOWN = "md"
    LATEX = "tex"
    CSV = "csv"


def table(
    study: arg.StudyName,
    *,
    form: Annotated[
        Format, typer.Option("--format", help="Notation of the table.")
    ] = Format.MARKDOWN,
    storage: arg.Storage = arg.DEFAULT_STORAGE,
) -> None:
    """Print the Δm table of STUDY: single-task networks, then each method or finalist."""
    from mdml_tune.analysis.delta_table import delta_table
    from mdml_tune.analysis.notation import to_csv, to_latex, to_markdown
    from mdml_tune.analysis.ranking import rank
    from mdml_tune.errors import ReportError
    from mdml_tune.storage.studies import Storage

    record = Storage.at(storage).study(study).record()
    rows = delta_table(record, rank(record))
    if rows is None:
        raise ReportError(
            f"Study '{study}' has no trial that ended well yet, so there is no table. See how far "
            f"it is with: mdml-tune status {study}"
        )
    write = {Format.MARKDOWN: to_markdown, Format.LATEX: to_latex, Format.CSV: to_csv}[form]
    typer.echo(write(rows))
