"""Data frames into files that other programs read: CSV and Parquet."""

import io
import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mdml_tune.records import StudyRecord
from mdml_tune.storage.atomic import SCHEMA, write_bytes
from mdml_tune.tasks import metrics_of

_BLANK = " \t\r\n\v\f\xa0\u200b\ufeff\u3000"
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """UTF-8, floats to their last digit, missing values empty; no text is taken for a formula."""
    write_bytes(path, csv_bytes(_neutralised(frame).to_csv(index=False, lineterminator="\n")))


def csv_bytes(text: str) -> bytes:
    """A CSV file in UTF-8.

    Where there is more than ASCII a byte order mark stands first, without which Excel takes the file for
    one in the code page of its machine. pandas and LibreOffice read it either way.
    """
    return text.encode("utf-8" if text.isascii() else "utf-8-sig")


def write_parquet(frame: pd.DataFrame, path: Path, metadata: Mapping[str, str]) -> None:
    """The frame with its types, and ``metadata`` in the schema."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    known = table.schema.metadata or {}
    table = table.replace_schema_metadata(
        {**known, **{f"mdml.{key}".encode(): value.encode() for key, value in metadata.items()}}
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    write_bytes(path, buffer.getvalue())


def study_metadata(study: StudyRecord) -> dict[str, str]:
    """What a reader of the Parquet file must know to read its columns rightly."""
    return {
        "study": study.name,
        "schema": str(SCHEMA),
        "tasks": ",".join(study.tasks),
        "delta_m": "gain averaged over metrics within a task, then over tasks; percent; "
        "positive is better",
        "delta_m_drop": "drop averaged over all metrics; percent; negative is better",
        "interval": "95 %, seeds of the configuration and of the baselines",
        "units": json.dumps({metric.path: metric.unit for metric in metrics_of(study.tasks)}),
        "study_file": json.dumps(study.study, default=str),
        "about": json.dumps(study.about, default=str),
    }


def neutral(text: str) -> str:
    """``text`` behind an apostrophe if a spreadsheet would run it as a formula.

    Carriage returns become line feeds: not every reader keeps them within their cell.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    runs = text.startswith(("\t", "\n")) or text.lstrip(_BLANK).startswith(_FORMULA)
    return f"'{text}" if runs else text


def _neutralised(frame: pd.DataFrame) -> pd.DataFrame:
    safe = frame.copy()
    for name in frame.columns:
        if not (pd.api.types.is_numeric_dtype(frame[name]) or frame[name].dtype == "boolean"):
            safe[name] = frame[name].map(_neutral_cell)
    safe.columns = pd.Index([neutral(str(name)) for name in frame.columns])
    return safe


def _neutral_cell(value: object) -> object:
    return neutral(value) if isinstance(value, str) else value
