"""What is wrong with a disk is told from what is wrong with a trial."""

import errno
import os
from pathlib import Path

import pytest

from mdml_tune.storage.faults import storage_error, storage_failure, unusable


def full(path: str | None = "history.jsonl") -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)


def test_a_full_disk_is_found_behind_what_it_caused() -> None:
    assert storage_failure(full()) == "No space left on device (history.jsonl)"
    assert storage_failure(full(None)) == "No space left on device"
    beneath = full()
    above = RuntimeError("Ray gave up")
    above.__cause__ = beneath
    assert storage_failure(above) == storage_failure(beneath)


@pytest.mark.parametrize(
    "error", [ValueError("x"), FileNotFoundError(errno.ENOENT, "no such file"), MemoryError()]
)
def test_other_errors_are_the_trials_own(error: Exception) -> None:
    assert storage_failure(error) is None


def test_a_folder_is_tried_by_writing(tmp_path: Path) -> None:
    assert unusable(tmp_path / "new") is None
    assert list((tmp_path / "new").iterdir()) == []
    (tmp_path / "file").write_text("in the way")
    assert unusable(tmp_path / "file") is not None


def test_the_message_says_what_is_left_and_what_to_do(tmp_path: Path) -> None:
    error = storage_error(tmp_path, "No space left on device")
    assert error.exit_code == 3
    for part in (str(tmp_path), "No space left", "MB free", "same command again"):
        assert part in str(error)
