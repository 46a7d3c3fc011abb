"""The history of a trial loses nothing but a line that a kill has torn."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdml_tune.errors import DataError
from mdml_tune.records import EpochReport
from mdml_tune.storage.history import (
    append_report,
    count_reports,
    last_report,
    read_history,
    rewrite_history,
)

REPORTS = tuple(
    EpochReport(epoch, 1_700_000_000_000 + epoch, {"train/loss": 1 / epoch, "val/Δm": -epoch / 7})
    for epoch in (1, 2, 3)
)


@pytest.fixture
def history(tmp_path: Path) -> Path:
    path = tmp_path / "history.jsonl"
    for report in REPORTS:
        append_report(path, report)
    return path


def test_reports_come_back_in_order(history: Path) -> None:
    assert read_history(history) == REPORTS


def test_one_line_of_json_each(history: Path) -> None:
    lines = history.read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2, 3]


def test_no_file_is_an_empty_history(tmp_path: Path) -> None:
    assert read_history(tmp_path / "never") == ()
    assert last_report(tmp_path / "never") is None
    assert count_reports(tmp_path / "never") == 0


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.dictionaries(st.text(), finite), st.integers(0, 2**53))
def test_numbers_come_back_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory, metrics: dict[str, float], timestamp: int
) -> None:
    path = tmp_path_factory.mktemp("history") / "history.jsonl"
    report = EpochReport(1, timestamp, metrics)
    append_report(path, report)
    (read,) = read_history(path)
    assert read == report
    assert [x.hex() for x in read.metrics.values()] == [x.hex() for x in metrics.values()]


def test_what_is_no_number_comes_back(history: Path) -> None:
    lost = {"train/loss": math.nan, "val/albedo/psnr": math.inf, "val/delta_m": -math.inf}
    append_report(history, EpochReport(4, 1_700_000_000_004, lost))
    *before, read = read_history(history)
    assert tuple(before) == REPORTS
    assert [str(value) for value in read.metrics.values()] == ["nan", "inf", "-inf"]


def test_wherever_the_file_is_torn_its_whole_lines_are_read(history: Path) -> None:
    content = history.read_bytes()
    for end in range(len(content) + 1):
        history.write_bytes(content[:end])
        whole = REPORTS[: content[:end].count(b"\n")]
        assert read_history(history) == whole
        assert last_report(history) == (whole[-1] if whole else None)
        assert count_reports(history) == len(whole)


@pytest.mark.parametrize("damage", [b"", b"\0\0\0", b'{"epoch": 2, "timestamp_ms": 17', b"\xff"])
def test_a_damaged_line_is_named(history: Path, damage: bytes) -> None:
    first, _, last = history.read_bytes().splitlines(keepends=True)
    history.write_bytes(first + damage + b"\n" + last)
    with pytest.raises(DataError, match=r"history\.jsonl is damaged in line 2: .*Restore it"):
        read_history(history)


def test_a_name_is_kept_once(tmp_path: Path, history: Path) -> None:
    # Of 2,000 trials with 60 epochs and 30 metrics the names alone would take 250 MB.
    other = tmp_path / "other.jsonl"
    append_report(other, REPORTS[0])
    names = [name for path in (history, other) for r in read_history(path) for name in r.metrics]
    assert len(names) == 8
    assert len({id(name) for name in names}) == 2


def test_cut_back_and_continued(history: Path) -> None:
    history.write_bytes(history.read_bytes()[:-4])
    rewrite_history(history, read_history(history)[:1])
    append_report(history, REPORTS[1])
    assert read_history(history) == REPORTS[:2]


def test_cut_back_to_nothing(history: Path) -> None:
    rewrite_history(history, ())
    assert read_history(history) == ()
    append_report(history, REPORTS[0])
    assert read_history(history) == REPORTS[:1]
