"""The history of a trial: one line of JSON per epoch, appended as the epoch ends.

It is the truth about what was measured; MLflow, the tables and the sampler all read from it.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict, cast

from pydantic_core import from_json

from mdml_tune.errors import DataError
from mdml_tune.records import EpochReport
from mdml_tune.storage.atomic import write_bytes


class _Line(TypedDict):
    epoch: int
    timestamp_ms: int
    metrics: dict[str, float]


def append_report(path: Path, report: EpochReport) -> None:
    """Add ``report`` to the end of the history, on the disk before this returns."""
    with path.open("ab") as file:
        file.write(_to_line(report))
        file.flush()
        os.fsync(file.fileno())


def read_history(path: Path) -> tuple[EpochReport, ...]:
    """Every whole report, in order; a last line that a crash has torn is left out.

    Raises:
        DataError: A line that is not the last is no report.
    """
    # What stands behind the last newline is still being written, or was when the writer died.
    lines = _content(path).split(b"\n")[:-1]
    return tuple(_from_line(line, path, number) for number, line in enumerate(lines, start=1))


def last_report(path: Path) -> EpochReport | None:
    """The last whole report; none where there is none."""
    content = _content(path)
    end = content.rfind(b"\n")
    if end < 0:
        return None
    start = content.rfind(b"\n", 0, end) + 1
    return _from_line(content[start:end], path, content.count(b"\n"))


def count_reports(path: Path) -> int:
    """How many whole reports there are, without looking at them."""
    return _content(path).count(b"\n")


def rewrite_history(path: Path, reports: Sequence[EpochReport]) -> None:
    """Replace the history: a resumed trial cuts it back to its checkpoint."""
    write_bytes(path, b"".join(_to_line(report) for report in reports))


def _to_line(report: EpochReport) -> bytes:
    line: _Line = {
        "epoch": report.epoch,
        "timestamp_ms": report.timestamp_ms,
        "metrics": dict(report.metrics),
    }
    return json.dumps(line).encode() + b"\n"


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _from_line(line: bytes, path: Path, number: int) -> EpochReport:
    try:
        # A large study has a hundred thousand lines: this is four times as fast as json, and keeps
        # each metric's name once.
        values = cast("_Line", from_json(line))
    except ValueError as error:
        raise DataError(
            f"{path} is damaged in line {number}: {error}. Restore it, or move the trial's folder away."
        ) from error
    return EpochReport(values["epoch"], values["timestamp_ms"], values["metrics"])
