"""What other programs read must be what we wrote."""

import csv
import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import synthetic
from synthetic import confirmed, searched, study

from mdml_tune.analysis.export import csv_bytes, neutral, study_metadata, write_csv, write_parquet
from mdml_tune.analysis.frame import ranked_frame
from mdml_tune.analysis.ranking import rank
from mdml_tune.records import StudyRecord

FIXED = [
    "rank",
    "tier",
    "config_id",
    "method",
    "phase",
    "split",
    "status",
    "seeds",
    "epochs",
    "delta_m",
    "delta_m_ci_low",
    "delta_m_ci_high",
    "p_best",
    "delta_m_drop",
    "delta_m/segmentation",
    "delta_m/depth",
    "delta_m/normals",
]


@pytest.fixture(scope="module")
def rich() -> StudyRecord:
    return synthetic.rich_study(count=30, epochs=3)


def frame_of(of: StudyRecord, run_ids: dict[str, str] | None = None) -> pd.DataFrame:
    return ranked_frame(of, rank(of), run_ids)


def test_columns_in_their_order() -> None:
    of = study(
        searched("c1", 1.0, parameters={"method": "a", "x.b": 1, "x.a": 0.5}),
        searched("c2", 1.0, parameters={"x.a": 2.0, "x.c": True, "x.d": "on"}),
    )
    metrics = list(synthetic.SINGLE)
    assert list(frame_of(of).columns) == [
        *FIXED,
        *("x.b", "x.a", "x.c", "x.d"),
        *metrics,
        *(f"{path}/std" for path in metrics),
        *("gpu_hours", "mlflow_run_ids"),
    ]


def test_types_are_the_same_however_little_there_is() -> None:
    of = study(searched("c1", 1.0, parameters={"i": 1, "f": 1, "b": True, "s": "x", "m": 1}),
               searched("c2", 1.0, parameters={"i": None, "f": 0.5, "b": None, "s": None, "m": "y"}))  # fmt: skip
    frame = frame_of(of)
    kinds = [str(frame[name].dtype) for name in ("i", "f", "b", "s", "m", "tier", "delta_m")]
    assert kinds == ["Int64", "Float64", "boolean", "string", "string", "Int64", "Float64"]
    empty = frame_of(study())
    assert len(empty) == 0
    assert str(empty["delta_m"].dtype) == "Float64"
    assert list(empty.columns[: len(FIXED)]) == FIXED


def test_csv_gives_the_numbers_back(rich: StudyRecord, tmp_path: Path) -> None:
    frame = frame_of(rich)
    write_csv(frame, tmp_path / "ranked.csv")
    read = pd.read_csv(tmp_path / "ranked.csv")
    for name in frame.columns:
        if str(frame[name].dtype) in {"Float64", "Int64"}:
            assert pd.api.types.is_numeric_dtype(read[name]), name
            ours = frame[name].astype("Float64").tolist()
            theirs = read[name].astype("Float64").tolist()
            assert ours == theirs, name
    assert read["method"].tolist() == frame["method"].tolist()


def test_floats_to_their_last_digit(tmp_path: Path) -> None:
    values = [0.1 + 0.2, 1e-7, -3.0000000000000004e-05, 1 / 3, 5e300]
    frame = pd.DataFrame({"x": pd.Series(values, dtype="Float64")})
    write_csv(frame, tmp_path / "x.csv")
    lines = (tmp_path / "x.csv").read_text().split()
    assert [float(line) for line in lines[1:]] == values


def test_excel_is_told_that_a_name_is_utf_8(tmp_path: Path) -> None:
    write_csv(frame_of(study(searched("c1", 1.0, method="β-mutual"))), tmp_path / "greek.csv")
    assert (tmp_path / "greek.csv").read_bytes().startswith(b"\xef\xbb\xbfrank,")
    read = pd.read_csv(tmp_path / "greek.csv")
    assert (next(iter(read.columns)), read["method"][0]) == ("rank", "β-mutual")
    write_csv(frame_of(study(searched("c1", 1.0, method="mutual"))), tmp_path / "plain.csv")
    assert (tmp_path / "plain.csv").read_bytes().startswith(b"rank,")


@pytest.mark.parametrize(("text", "mark"), [("a,b\n", b""), ("a,β\n", b"\xef\xbb\xbf")])
def test_more_than_ascii_is_marked(text: str, mark: bytes) -> None:
    assert csv_bytes(text) == mark + text.encode()


def test_same_study_same_bytes(rich: StudyRecord, tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        write_csv(frame_of(rich), tmp_path / name)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\u3000=1", "＝1", "＋1",
     "－1", "＠x", "\ufeff=1", "\tharmless", "\xa0@x"],
)  # fmt: skip
def test_formulas_become_text(text: str, tmp_path: Path) -> None:
    frame = frame_of(study(searched("c1", -1.0, method=text, parameters={"p": text})))
    write_csv(frame, tmp_path / "ranked.csv")
    with (tmp_path / "ranked.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["method"] == row["p"] == "'" + text.replace("\r", "\n")
    assert float(row["delta_m"]) == pytest.approx(-1.0)  # a number, minus and all


@pytest.mark.parametrize("text", ["mutual", "a=b", "x - y", "", "1e-3"])
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert neutral(text) == text


def test_runs_and_hours() -> None:
    of = study(
        searched("c1", 1.0, gpus=0.5), confirmed("c1", 1.0, 1000), confirmed("c1", 2.0, 1001)
    )
    frame = frame_of(of, {"tc1s0": "run0", "tc1s1000": "run1", "tc1s1001": "run2", "other": "x"})
    assert frame["mlflow_run_ids"].tolist() == ["run0;run1;run2"]
    assert frame["gpu_hours"].tolist() == pytest.approx([180 * 0.5 / 3600])


def test_parquet_is_typed_and_knows_the_study(rich: StudyRecord, tmp_path: Path) -> None:
    frame = frame_of(rich)
    write_parquet(frame, tmp_path / "ranked.parquet", study_metadata(rich))
    read = pd.read_parquet(tmp_path / "ranked.parquet")
    pd.testing.assert_frame_equal(read, frame)
    metadata = pq.read_schema(tmp_path / "ranked.parquet").metadata
    assert metadata[b"mdml.study"] == b"rooms-mdml-scd"
    assert metadata[b"mdml.schema"] == b"1"
    assert b"positive is better" in metadata[b"mdml.delta_m"]
    assert json.loads(metadata[b"mdml.units"])["normals/mean_angle"] == "degrees"
    assert json.loads(metadata[b"mdml.about"])["git_commit"] == "58a44271f0aa"
    assert next(iter(json.loads(metadata[b"mdml.study_file"])["methods"])) == "single network"
    assert json.loads(metadata[b"pandas"])
