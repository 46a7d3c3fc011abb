"""Everything under ``results/``: tables, figures, and the report that holds them together."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mdml_tune.analysis.comparisons import ComparisonRow, comparisons
from mdml_tune.analysis.export import csv_bytes, study_metadata, write_csv, write_parquet
from mdml_tune.analysis.frame import ranked_frame
from mdml_tune.analysis.page.illustrations import illustrations
from mdml_tune.analysis.page.render import render
from mdml_tune.analysis.page.summary import answer
from mdml_tune.analysis.pareto import ParetoFront, searched_front
from mdml_tune.analysis.ranking import RankedRow
from mdml_tune.analysis.reuse import winner_yaml
from mdml_tune.analysis.subject import Subject
from mdml_tune.analysis.tables.delta_table import DeltaTable, delta_table
from mdml_tune.analysis.tables.notation import (
    comparisons_csv,
    comparisons_markdown,
    markdown,
    to_csv,
    to_latex,
    to_markdown,
)
from mdml_tune.storage.atomic import write_bytes

_SOMETIMES = (
    *("delta_m.md", "delta_m.tex", "delta_m.csv", "comparisons.md", "comparisons.csv"),
    "winner.yaml",
)
"""Files that a study has only when it is so far."""


@dataclass(frozen=True, slots=True)
class Results:
    """What was written, and the numbers in it."""

    folder: Path
    files: tuple[Path, ...]
    rows: tuple[RankedRow, ...]
    table: DeltaTable | None
    comparisons: tuple[ComparisonRow, ...]
    front: ParetoFront | None
    """Of the searched configurations, where there are several objectives."""
    answer: str
    """The result in one or two sentences."""

    @property
    def ranked_csv(self) -> Path:
        return self.folder / "ranked.csv"

    @property
    def report(self) -> Path:
        return self.folder / "report.html"


def write_results(
    subject: Subject,
    folder: Path,
    run_ids: Mapping[str, str] | None = None,
    processes: int = 1,
) -> Results:
    """Write every table and figure of a study into ``folder``, replacing older ones.

    ``run_ids`` maps a ``trial_key`` to its MLflow run. A figure or table with nothing to show is not
    written, and an older one goes. The same study gives the same bytes. ``processes`` draw the
    figures (see ``illustrations``).
    """
    study, rows = subject.study, subject.rows
    table = delta_table(study, rows)
    compared = comparisons(study, rows)
    frame = ranked_frame(study, rows, run_ids)
    write_csv(frame, folder / "ranked.csv")
    write_parquet(frame, folder / "ranked.parquet", study_metadata(study))
    drawn = illustrations(subject, processes)
    files = {f"figures/{name}": content for of in drawn for name, content in of.files.items()}
    winner = winner_yaml(study, rows)
    texts = {**_table_texts(table, compared), **({} if winner is None else {"winner.yaml": winner})}
    texts["answer.md"] = f"{markdown(answer(rows))}\n"
    texts["report.html"] = render(
        subject,
        table=table,
        compared=compared,
        pictures=[illustration.picture for illustration in drawn],
        winner=winner,
    )
    for name, text in texts.items():
        files[name] = csv_bytes(text) if name.endswith(".csv") else text.encode()
    for name, content in files.items():
        write_bytes(folder / name, content)
    _sweep(folder, files)
    written = ("ranked.csv", "ranked.parquet", *files)
    return Results(
        folder=folder,
        files=tuple(folder / name for name in written),
        rows=tuple(rows),
        table=table,
        comparisons=tuple(compared),
        front=searched_front(study),
        answer=answer(rows),
    )


def _sweep(folder: Path, written: Collection[str]) -> None:
    """What an earlier state of the study had to show, and this one has not; drafts are others'."""
    shown = [f"figures/{path.name}" for path in (folder / "figures").glob("[!.]*")]
    for name in {*shown, *_SOMETIMES} - set(written):
        (folder / name).unlink(missing_ok=True)


def _table_texts(table: DeltaTable | None, compared: Sequence[ComparisonRow]) -> dict[str, str]:
    texts: dict[str, str] = {}
    if table is not None:
        texts["delta_m.md"] = to_markdown(table)
        texts["delta_m.tex"] = to_latex(table)
        texts["delta_m.csv"] = to_csv(table)
    if compared:
        texts["comparisons.md"] = comparisons_markdown(compared)
        texts["comparisons.csv"] = comparisons_csv(compared)
    return texts
