"""The `mdml-tune` command. Each command lives in the file that bears its name."""

import logging
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

import mdml_tune
from mdml_tune.cli.baselines import baselines
from mdml_tune.cli.data import data
from mdml_tune.cli.delete import delete
from mdml_tune.cli.doctor import doctor
from mdml_tune.cli.predict import predict
from mdml_tune.cli.rank import rank
from mdml_tune.cli.report import report
from mdml_tune.cli.reproduce import reproduce
from mdml_tune.cli.scd import scd
from mdml_tune.cli.schema import schema
from mdml_tune.cli.search import search
from mdml_tune.cli.signals import heed_signals
from mdml_tune.cli.status import status
from mdml_tune.cli.stop import stop
from mdml_tune.cli.sync import sync
from mdml_tune.cli.table import table
from mdml_tune.cli.train import train
from mdml_tune.cli.ui import ui
from mdml_tune.errors import MdmlTuneError, UnavailableError

INTERRUPTED = 130

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)


@app.callback(invoke_without_command=True)
def options(
    *, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    """Search, train and compare multi-task networks that learn from each other."""
    if version:
        typer.echo(f"mdml-tune {mdml_tune.__version__}")
        raise typer.Exit


COMMANDS = (
    search, status, stop, delete, train, baselines, scd, rank, table, report, reproduce, predict,
    sync, ui, doctor, schema,
)  # fmt: skip
for command in COMMANDS:
    app.command()(command)
app.add_typer(data, name="data")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the CLI; a user's mistake prints one message, a bug prints its traceback."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    heed_signals()
    try:
        app(None if arguments is None else list(arguments), standalone_mode=True)
    except MdmlTuneError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        typer.echo(f"error: {_reason(error)}", err=True)
        sys.exit(UnavailableError.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    sys.exit(0)


def _reason(error: OSError) -> str:
    if error.filename is None:
        raise error  # not about a file: a bug, which keeps its traceback
    return f"{error.filename}: {error.strerror}. Free or unlock it, or name another place."
