"""`mdml-tune schema`: what a study file may say, for editors."""

import json
from pathlib import Path
from typing import Annotated

import typer


def schema(
    *, out: Annotated[Path | None, typer.Option(help="File to write; else it is printed.")] = None
) -> None:
    """Print the JSON schema of a study file.

    Editors complete and check a study whose first line names it:
    # yaml-language-server: $schema=study.schema.json
    """
    from mdml_tune.spaces.json_schema import study_schema
    from mdml_tune.storage.atomic import write_bytes

    text = json.dumps(study_schema(), indent=1, ensure_ascii=False) + "\n"
    if out is None:
        typer.echo(text, nl=False)
        return
    write_bytes(out, text.encode())
    typer.echo(f"wrote {out}")
