"""The status file says what was written, and refuses what it does not know."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mdml_tune.errors import DataError
from mdml_tune.storage.status import State, StudyStatus, read_status, write_status

STATUS = StudyStatus(
    study="small", phase="search", done=3, total=24, host="head", pid=42,
    started="2026-01-01T00:00:00+0000", updated="2026-01-01T00:01:00+0000",
)  # fmt: skip


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    assert read_status(path) is None
    write_status(path, STATUS)
    assert read_status(path) == STATUS
    ended = replace(STATUS, state=State.FAILED, exit_code=3, message="no room", ended="later")
    write_status(path, ended)
    assert read_status(path) == ended


def test_the_fields_that_programs_wait_for(tmp_path: Path) -> None:
    write_status(tmp_path / "s", STATUS)
    values = json.loads((tmp_path / "s").read_text())
    assert values["schema"] == 1
    assert values["state"] == "running"
    assert values["exit_code"] is None
    assert values["trials"] == {"done": 3, "total": 24}
    assert {"study", "message", "phase", "host", "pid", "started", "updated", "ended"} <= set(
        values
    )


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("{")
    with pytest.raises(DataError, match="s is damaged"):
        read_status(tmp_path / "s")


@pytest.mark.parametrize(
    "change", [{"mood": "fine"}, {"trials": None}, {"trials": [3, 24]}, {"state": "asleep"}]
)
def test_a_file_of_another_version_is_named(tmp_path: Path, change: dict[str, object]) -> None:
    write_status(tmp_path / "s", STATUS)
    values = json.loads((tmp_path / "s").read_text())
    (tmp_path / "s").write_text(json.dumps(values | change))
    with pytest.raises(DataError, match=r"s is not a status that this version writes"):
        read_status(tmp_path / "s")
    (tmp_path / "s").write_text('{"schema": 1}')
    with pytest.raises(DataError, match="trials"):
        read_status(tmp_path / "s")
