"""`mdml-tune table`: the paper's Δm table."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mdml_tune.cli import arguments as arg
from mdml_tune.errors import ConfigError, ReportError

if TYPE_CHECKING:
    from mdml_tune.analysis.tables.delta_table import DeltaTable
    from mdml_tune.delta_m import Convention


class Format(StrEnum):
    MARKDOWN = "md"
    LATEX = "tex"
    CSV = "csv"
    HTML = "html"


def table(
    studies: Annotated[
        list[str], typer.Argument(help="Names of studies in the storage.", metavar="STUDY...")
    ],
    *,
    form: Annotated[
        Format | None,
        typer.Option("--format", help="Notation of the table; else as --out ends, else md."),
    ] = None,
    convention: Annotated[
        list[str] | None,
        typer.Option(help="Δm to show: gain, drop or primary; repeatable. Else gain and drop."),
    ] = None,
    with_published: Annotated[
        list[str] | None,
        typer.Option(help="Quote a table of the literature below, such as nyuv2-segnet."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write it there instead.")] = None,
    storage: arg.Storage = arg.DEFAULT_STORAGE,
) -> None:
    """Print the Δm table: single-task networks, then each method or finalist of each STUDY."""
    from mdml_tune.analysis.export import csv_bytes
    from mdml_tune.analysis.tables.side_by_side import side_by_side
    from mdml_tune.storage.atomic import write_bytes
    from mdml_tune.storage.studies import Storage

    form = form or _form_of(out)
    conventions = _conventions(convention or [])
    place = Storage.at(storage)
    records = [place.study(name).record() for name in dict.fromkeys(studies)]
    text = _written(side_by_side(records, with_published or []), form, conventions)
    if out is None:
        typer.echo(text, nl=False)
    else:
        write_bytes(out, csv_bytes(text) if form is Format.CSV else text.encode())


def _form_of(out: Path | None) -> Format:
    if out is None:
        return Format.MARKDOWN
    ending = out.suffix.removeprefix(".").lower()
    if ending not in list(Format):
        raise ConfigError(
            f"--out {out}: what ends in '{out.suffix}' is no notation of a table. Let it end in "
            f".{', .'.join(Format)}, or choose one with --format."
        )
    return Format(ending)


def _conventions(asked: Sequence[str]) -> "Sequence[Convention]":
    """``gain`` or ``delta_m``, ``drop`` or ``delta_m_drop``, ...; several with commas too."""
    from mdml_tune.analysis.tables.paper import SHOWN
    from mdml_tune.delta_m import Convention

    known = {c.name.lower(): c for c in Convention} | {c.value: c for c in Convention}
    names = [name.strip() for text in asked for name in text.split(",")]
    for name in names:
        if name not in known:
            raise ConfigError(
                f"--convention {name}: there is no such Δm. Choose gain (delta_m), drop "
                f"(delta_m_drop) or primary (delta_m_primary)."
            )
    return tuple(dict.fromkeys(known[name] for name in names)) or SHOWN


def _written(
    tables: "Sequence[DeltaTable]", form: Format, conventions: "Sequence[Convention]"
) -> str:
    from mdml_tune.analysis.tables.notation import to_csv, to_latex, to_markdown
    from mdml_tune.analysis.tables.table_page import to_html

    match form:
        case Format.MARKDOWN:
            return "\n".join(to_markdown(one, conventions) for one in tables)
        case Format.LATEX:
            return "\n".join(to_latex(one, conventions) for one in tables)
        case Format.HTML:
            return to_html(tables, conventions)
        case Format.CSV:
            return to_csv(_only(tables), conventions)


def _only(tables: "Sequence[DeltaTable]") -> "DeltaTable":
    """A CSV file has one header, under which numbers are taken to be comparable."""
    first, *others = tables
    if others:
        reasons = " ".join(one.notes[0] for one in others)
        each = "; ".join(
            f"mdml-tune table {' '.join(one.studies)} --out {one.studies[0]}.csv" for one in tables
        )
        raise ReportError(
            f"These studies cannot stand in one CSV file, whose columns would mix them. {reasons} "
            f"Write one file for each table: {each}"
        )
    return first
