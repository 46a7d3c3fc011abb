"""The report as one HTML page that loads nothing."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from mdml_tune.analysis.comparison_text import comparison_text
from mdml_tune.analysis.comparisons import ComparisonRow, worth_showing
from mdml_tune.analysis.delta_table import DeltaTable
from mdml_tune.analysis.leaderboard import leaderboard
from mdml_tune.analysis.numbers import hours
from mdml_tune.analysis.pareto import searched_front
from mdml_tune.analysis.ranking import RankedRow
from mdml_tune.analysis.summary import answer, failed_trials, flat, trials_by_status, warnings
from mdml_tune.analysis.tables import delta_m_text
from mdml_tune.records import StudyRecord


@dataclass(frozen=True, slots=True)
class Picture:
    name: str
    """File name without its ending."""
    caption: str
    png: bytes

    wide: bool

    @property
    def url(self) -> str:
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"


def render(
    study: StudyRecord,
    rows: Sequence[RankedRow],
    *,
    table: DeltaTable | None,
    compared: Sequence[ComparisonRow],
    pictures: Sequence[Picture],
    winner: str | None,
) -> str:
    """The page; ``winner`` is the best configuration as YAML."""
    trials = (*study.baselines, *study.trials)
    gpu_hours = sum(trial.gpu_hours for trial in trials)
    values: Mapping[str, object] = {
        "study": study,
        "answer": answer(rows),
        "warnings": warnings(study, rows),
        "table": table and delta_m_text(table),
        "comparisons": comparison_text(worth_showing(compared)) if compared else None,
        "ranking": leaderboard(rows, front=searched_front(study)) if rows else None,
        "pictures": pictures,
        "winner": winner,
        "about": flat(study.about),
        "seeds": sorted({trial.seed for trial in trials}),
        "phases": trials_by_status(study),
        "trial_hours": hours(sum(trial.seconds for trial in trials) / 3600),
        "gpu_hours": f"{hours(gpu_hours)} of GPUs" if gpu_hours else "no GPU",
        "failed": failed_trials(study),
    }
    return _template().render(values)


def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("mdml_tune.analysis"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2")
