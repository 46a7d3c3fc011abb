"""Files that are either whole or not there: a crash never leaves half of one under its name."""

import json
import os
import uuid
from pathlib import Path
from typing import cast

from mdml_tune.errors import DataError

SCHEMA = 1
"""Version of every JSON file that we write; readers refuse a newer one."""


def write_bytes(path: Path, content: bytes) -> None:
    """Replace ``path`` in one step, after the new content has reached the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def write_json(path: Path, values: dict[str, object]) -> None:
    """Write ``values`` with the schema version; NaN and infinities are written as such."""
    content = json.dumps({"schema": SCHEMA, **values}, indent=1, ensure_ascii=False)
    write_bytes(path, (content + "\n").encode())


def read_json(path: Path) -> dict[str, object] | None:
    """What ``write_json`` wrote; none where there is no such file.

    Raises:
        DataError: The file is not ours, or was written by another version.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        values: object = json.loads(text)
    except ValueError as error:
        raise DataError(f"{path} is damaged: {error}. Restore it, or move it away.") from error
    schema = cast("dict[str, object]", values).get("schema") if isinstance(values, dict) else None
    if schema != SCHEMA:
        raise DataError(
            f"{path} was written with schema {schema}, and this version reads schema {SCHEMA}. Use the "
            f"version that wrote it, or begin the study anew (--fresh)."
        )
    return cast("dict[str, object]", values)
