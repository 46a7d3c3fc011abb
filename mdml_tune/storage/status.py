"""How a start of a study is going, or how it ended: what its exit code says, in a file that stays.

`ray submit` gives 1 for whatever went wrong on the cluster, and 0 for whatever runs in a terminal of
its own. Programs that wait for a study read this file.
"""

from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import cast

from mdml_tune.errors import DataError
from mdml_tune.storage.atomic import read_json, write_json

STATUS = "status.json"
"""Its name in the folder of a study."""


class State(StrEnum):
    RUNNING = "running"
    """Also what a process has left that was killed without a warning."""
    DONE = "done"
    SOME_FAILED = "some_failed"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyStatus:
    study: str | None
    """None before the study file has been read."""
    state: State = State.RUNNING
    exit_code: int | None = None
    """None while it runs."""
    message: str = ""
    phase: str | None = None
    done: int = 0
    """Trials of the phase that have ended."""
    total: int = 0
    host: str = ""
    pid: int = 0
    started: str = ""
    """Times are ISO 8601, with the offset from UTC."""
    updated: str = ""
    ended: str | None = None


def write_status(path: Path, status: StudyStatus) -> None:
    """Replace what the file said."""
    values: dict[str, object] = asdict(status)
    trials = {"done": values.pop("done"), "total": values.pop("total")}
    write_json(path, values | {"trials": trials})


def read_status(path: Path) -> StudyStatus | None:
    """What ``write_status`` wrote; none where there is no such file.

    Raises:
        DataError: The file is not ours, or was written by another version.
    """
    values = read_json(path)
    if values is None:
        return None
    try:
        trials = cast("dict[str, int]", values.pop("trials"))
        del values["schema"]
        known = cast("dict[str, object]", {**values, **trials})
        return StudyStatus(**known | {"state": State(str(known["state"]))})  # pyright: ignore[reportArgumentType]
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path} is not a status that this version writes: {error}. Move it away; the next start "
            f"writes it anew."
        ) from error
