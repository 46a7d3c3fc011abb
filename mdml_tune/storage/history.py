"""The history of a trial: one line of JSON per epoch, appended as the epoch ends.

It is the truth about what was measured; MLflow, the tables and the sampler all read from it.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict, cast

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
    """Every whole report, in order; a last line that a crash has torn is left out."""
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return ()
    # What stands behind the last newline is still being written, or was when the writer died.
    return tuple(_from_line(line) for line in lines[:-1])


def last_report(path: Path) -> EpochReport | None:
    """The last whole report; none where there is none."""
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return None
    return _from_line(lines[-2]) if len(lines) > 1 else None


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


def _from_line(line: bytes) -> EpochReport:
    values = cast("_Line", json.loads(line))
    return EpochReport(
        epoch=values["epoch"], timestamp_ms=values["timestamp_ms"], metrics=values["metrics"]
    )
