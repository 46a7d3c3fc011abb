"""Metric values: as the database of a tracking store holds them, and as the folders of a study do.

Both are read without our publisher and without MLflow.
"""

import json
import math
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import NullPool, create_engine, text

_ROWS = """
SELECT tags.value, metrics.key, metrics.step, metrics.value
FROM metrics JOIN runs USING (run_uuid) JOIN experiments USING (experiment_id)
JOIN tags ON tags.run_uuid = runs.run_uuid AND tags.key = 'mdml.trial_key'
WHERE experiments.name = :study AND runs.lifecycle_stage = 'active'
"""
_STATUSES = """
SELECT runs.status, COUNT(*) FROM runs JOIN experiments USING (experiment_id)
WHERE experiments.name = :study AND runs.lifecycle_stage = 'active' GROUP BY runs.status
"""

DERIVED = "test/delta_m"
"""Computed from several trials: it stands in no folder of one."""


class Row(NamedTuple):
    trial_key: str
    metric: str
    step: int
    value: float


def stored(uri: str, study: str) -> Counter[Row]:
    """Every value of the study's trials in the database at ``uri``, and how often it is there."""
    engine = create_engine(uri, poolclass=NullPool)
    with engine.connect() as connection:
        return Counter(Row(*row) for row in connection.execute(text(_ROWS), {"study": study}))


def statuses(uri: str, study: str) -> dict[str, int]:
    engine = create_engine(uri, poolclass=NullPool)
    with engine.connect() as connection:
        rows = connection.execute(text(_STATUSES), {"study": study})
        return {row[0]: row[1] for row in rows}


def written(storage: Path, study: str) -> Counter[Row]:
    """Every finite value that the study's trials and baselines left, once."""
    folder = storage / "studies" / study
    keys = json.loads((folder / "references.json").read_text())["baselines"]
    trials = [storage / "baselines" / key for key in keys]
    return Counter(row for trial in [*trials, *folder.glob("trials/*")] for row in _rows_of(trial))


def underived(rows: Counter[Row]) -> Counter[Row]:
    return Counter({row: n for row, n in rows.items() if row.metric != DERIVED})


def _rows_of(trial: Path) -> list[Row]:
    reports = [json.loads(line) for line in (trial / "history.jsonl").read_text().splitlines()]
    values = [
        Row(trial.name, key, report["epoch"], value)
        for report in reports
        for key, value in report["metrics"].items()
    ]
    test = json.loads((trial / "result.json").read_text())["test"] or {}
    values += [
        Row(trial.name, f"test/{key}", reports[-1]["epoch"], value) for key, value in test.items()
    ]
    return [row for row in values if math.isfinite(row.value)]
