"""The history of a trial loses nothing but a line that a kill has torn."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdml_tune.records import EpochReport
from mdml_tune.storage.history import append_report, read_history, rewrite_history

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


def test_wherever_the_last_line_is_torn_the_others_are_read(history: Path) -> None:
    content = history.read_bytes()
    start_of_last = content.rstrip(b"\n").rindex(b"\n") + 1
    for end in range(start_of_last, len(content)):
        history.write_bytes(content[:end])
        assert read_history(history) == REPORTS[:2]


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
