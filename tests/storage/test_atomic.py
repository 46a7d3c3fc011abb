"""A file is whole or not there, whatever happens to its writer."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mdml_tune.errors import DataError
from mdml_tune.storage.atomic import SCHEMA, read_json, write_bytes, write_json


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file.json"
    write_bytes(path, b"old")
    return path


def test_content_is_replaced_and_nothing_else_is_left(file: Path) -> None:
    write_bytes(file, b"new and longer")
    assert file.read_bytes() == b"new and longer"
    assert list(file.parent.iterdir()) == [file]


def test_missing_folders_are_made(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a" / "b" / "file", b"x")
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"x"


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("failure", [interrupted, full])
@pytest.mark.parametrize("at", ["fsync", "replace"])
def test_a_writer_that_fails_midway_leaves_the_old_content(
    file: Path, at: str, failure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = os if at == "fsync" else Path
    with monkeypatch.context() as patch:
        patch.setattr(owner, at, failure)
        with pytest.raises((KeyboardInterrupt, OSError)):
            write_bytes(file, b"new")
    assert file.read_bytes() == b"old"
    assert list(file.parent.iterdir()) == [file]


def test_a_writer_that_is_killed_leaves_the_old_content(file: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from mdml_tune.storage import atomic\n"
        "os.fsync = lambda _: os._exit(9)\n"
        "atomic.write_bytes(Path(sys.argv[1]), b'new')"
    )
    done = subprocess.run([sys.executable, "-c", program, str(file)], check=False)
    assert done.returncode == 9
    assert file.read_bytes() == b"old"


def test_content_reaches_the_disk_before_it_gets_its_name(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Renamed before its content is written, a file can be empty after a power cut.
    happened: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def spy_fsync(descriptor: int) -> None:
        assert os.fstat(descriptor).st_size == len(b"new one")
        happened.append("fsync")
        fsync(descriptor)

    def spy_replace(path: Path, target: Path) -> Path:
        happened.append("replace")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", spy_fsync)
    monkeypatch.setattr(Path, "replace", spy_replace)
    write_bytes(file, b"new one")
    assert happened == ["fsync", "replace"]


def test_json_comes_back_as_it_was(file: Path) -> None:
    values = {"a": [1, None, True], "b": {"Δm": 0.1 + 0.2}, "c": 1e-300, "d": "x\ny"}
    write_json(file, values)
    assert read_json(file) == {"schema": SCHEMA, **values}


def test_nan_comes_back_as_nan(file: Path) -> None:
    write_json(file, {"psnr": math.inf, "score": math.nan})
    read = read_json(file)
    assert read["psnr"] == math.inf
    assert math.isnan(read["score"])


def test_no_file_is_none(tmp_path: Path) -> None:
    assert read_json(tmp_path / "never") is None


@pytest.mark.parametrize(
    "content",
    [json.dumps({"schema": SCHEMA + 1, "a": 1}), '{"a": 1}', "[1, 2]", '"text"', "", '{"schema'],
)
def test_what_is_newer_or_not_ours_is_refused(file: Path, content: str) -> None:
    file.write_text(content)
    with pytest.raises(ValueError):  # noqa: PT011 (json's own, or ours)
        read_json(file)


def test_refusing_a_newer_file_says_which_and_what_can_be_read(file: Path) -> None:
    file.write_text(json.dumps({"schema": SCHEMA + 1}))
    with pytest.raises(DataError, match=rf"file\.json was written with .* reads schema {SCHEMA}"):
        read_json(file)
