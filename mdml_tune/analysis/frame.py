"""The ranking as a data frame: one typed column per quantity, nothing rounded."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain

import pandas as pd

from mdml_tune.analysis.ranking import RankedRow
from mdml_tune.records import StudyRecord, Value
from mdml_tune.tasks import metrics_of

Cell = str | int | float | bool | None


def ranked_frame(
    study: StudyRecord, rows: Sequence[RankedRow], run_ids: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """``rows`` as a table whose columns do not depend on how many rows there are.

    ``run_ids`` maps a ``trial_key`` to its MLflow run. Scores are in the units of ``tasks.METRICS``,
    Δm in percent (gain; ``delta_m_drop`` is the drop over all metrics). What is not known is
    missing, never 0 or NaN.
    """
    columns = {
        **_standing(rows),
        **{
            f"delta_m/{task}": _column("Float64", rows, lambda row, task=task: row.gains.get(task))
            for task in study.tasks
        },
        **_parameters(study, rows),
        **_scores(study, rows),
        "gpu_hours": _column("Float64", rows, lambda row: row.gpu_hours),
        "mlflow_run_ids": _column("string", rows, lambda row: _runs(row, run_ids or {})),
    }
    return pd.DataFrame(columns)


def parameter_names(study: StudyRecord) -> list[str]:
    """Dotted paths of everything that was searched, in order of first appearance."""
    names = chain.from_iterable(trial.parameters for trial in study.trials)
    return [name for name in dict.fromkeys(names) if name != "method"]


def _standing(rows: Sequence[RankedRow]) -> dict[str, pd.Series]:
    return {
        "rank": _column("Int64", rows, lambda row: row.rank),
        "tier": _column("Int64", rows, lambda row: row.tier),
        "config_id": _column("string", rows, lambda row: row.config_id),
        "method": _column("string", rows, lambda row: row.method),
        "phase": _column("string", rows, lambda row: str(row.phase)),
        "split": _column("string", rows, lambda row: row.split),
        "status": _column("string", rows, lambda row: str(row.status)),
        "seeds": _column("Int64", rows, lambda row: row.seeds),
        "epochs": _column("Int64", rows, lambda row: row.epochs),
        "delta_m": _column("Float64", rows, lambda row: row.delta_m),
        "delta_m_ci_low": _column("Float64", rows, lambda r: r.interval and r.interval.low),
        "delta_m_ci_high": _column("Float64", rows, lambda r: r.interval and r.interval.high),
        "p_best": _column("Float64", rows, lambda row: row.p_best),
        "delta_m_drop": _column("Float64", rows, lambda row: row.delta_m_drop),
    }


def _scores(study: StudyRecord, rows: Sequence[RankedRow]) -> dict[str, pd.Series]:
    paths = [metric.path for metric in metrics_of(study.tasks)]
    return {
        **{p: _column("Float64", rows, lambda row, p=p: row.mean.get(p)) for p in paths},
        **{f"{p}/std": _column("Float64", rows, lambda row, p=p: row.std.get(p)) for p in paths},
    }


def _parameters(study: StudyRecord, rows: Sequence[RankedRow]) -> dict[str, pd.Series]:
    columns: dict[str, pd.Series] = {}
    for name in parameter_names(study):
        dtype = _dtype(row.parameters.get(name) for row in rows)
        as_text = dtype == "string"
        columns[name] = _column(
            dtype,
            rows,
            lambda row, name=name, as_text=as_text: _plain(
                row.parameters.get(name), as_text=as_text
            ),
        )
    return columns


def _column(dtype: str, rows: Sequence[RankedRow], value: Callable[[RankedRow], Cell]) -> pd.Series:
    return pd.Series([value(row) for row in rows], dtype=dtype)  # pyright: ignore[reportCallIssue, reportArgumentType, reportUnknownVariableType]


def _plain(value: Value, *, as_text: bool) -> Cell:
    return str(value) if as_text and value is not None else value


def _dtype(values: Iterable[Value]) -> str:
    """The narrowest type that holds all ``values``; text where they do not go together."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return "boolean"
    if kinds == {int}:
        return "Int64"
    return "Float64" if kinds and kinds <= {int, float} else "string"


def _runs(row: RankedRow, run_ids: Mapping[str, str]) -> str | None:
    known = [run_ids[trial.trial_key] for trial in row.trials if trial.trial_key in run_ids]
    return ";".join(known) or None
