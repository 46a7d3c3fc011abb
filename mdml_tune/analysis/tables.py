"""The paper's Δm table, as text."""

from itertools import groupby

from mdml_tune.analysis.delta_table import DeltaRow, DeltaTable
from mdml_tune.analysis.numbers import CONVENTIONS, DECIMALS, DROP, GAIN, interval, metric_name
from mdml_tune.analysis.text_table import Cell, TextTable


def delta_m_text(table: DeltaTable) -> TextTable:
    """The paper's table: mean ± standard deviation over seeds, the best of each column marked."""
    where = "test split" if table.split == "test" else "val split: nothing is confirmed on test yet"
    tasks = [(str(task), len(list(of))) for task, of in groupby(table.metrics, lambda m: m.task)]
    return TextTable(
        caption=f"{table.study}, {where}. Mean ± standard deviation over seeds. {CONVENTIONS}",
        groups=(("", 1), *tasks, ("", 4)),
        header=("", *map(metric_name, table.metrics), GAIN, "95 % CI", DROP, "seeds"),
        rows=tuple(_delta_cells(table, row) for row in table.rows),
    )


def _delta_cells(table: DeltaTable, row: DeltaRow) -> tuple[Cell, ...]:
    metrics = [
        _marked(table, row, metric.path, f".{DECIMALS[metric.unit]}f") for metric in table.metrics
    ]
    return (
        Cell(row.label),
        *metrics,
        _marked(table, row, "delta_m", "+z.2f"),
        Cell(interval(row.interval)),
        _marked(table, row, "delta_m_drop", "+z.2f"),
        Cell(str(row.seeds)),
    )


def _marked(table: DeltaTable, row: DeltaRow, column: str, form: str) -> Cell:
    """Best is what looks best: a tie in the digits shown is a tie."""
    mean = format(row.mean[column], form)
    spread = f" ± {row.std[column]:{form.lstrip('+')}}" if column in row.std else ""
    return Cell(mean + spread, best=mean == format(table.best(column), form))
