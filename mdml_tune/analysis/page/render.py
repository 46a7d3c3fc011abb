"""The report as one HTML page that loads nothing."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mdml_tune.analysis.comparisons import ComparisonRow, main_ones, other_ones
from mdml_tune.analysis.figures.inline import colours
from mdml_tune.analysis.page.headline import headlines, one_run
from mdml_tune.analysis.page.pictures import Picture
from mdml_tune.analysis.page.question import question, terms
from mdml_tune.analysis.page.ran import failed_trials, run_facts
from mdml_tune.analysis.page.summary import answer, leader, unfinished, warnings
from mdml_tune.analysis.page.told import told
from mdml_tune.analysis.pareto import searched_front
from mdml_tune.analysis.subject import Subject
from mdml_tune.analysis.tables.comparison_text import comparison_text
from mdml_tune.analysis.tables.delta_table import DeltaTable
from mdml_tune.analysis.tables.leaderboard import leaderboard
from mdml_tune.analysis.tables.paper import delta_m_text

SHOWN = 20
"""Rows of the ranking that stand open."""
MOST = 200
"""Rows that the page holds; ``ranked.csv`` holds all."""

_SCRIPTS = ("marks.js", "lights.js", "pointing.js", "tables.js", "ranges.js", "start.js")
"""In this order they are the page's script."""


def render(
    subject: Subject,
    *,
    table: DeltaTable | None,
    compared: Sequence[ComparisonRow],
    pictures: Sequence[Picture],
    winner: str | None,
) -> str:
    """The page; ``winner`` is the best configuration as YAML."""
    study, rows = subject.study, subject.rows
    script = "\n".join(_file(name) for name in _SCRIPTS)
    script = f"(() => {{\n'use strict';\n{script}\n}})();"
    marks = {group: of for picture in pictures for group, of in picture.marks.items()}
    listed = [row.config_id for row in rows[:MOST]]
    best = leader(rows)
    values: Mapping[str, object] = {
        "study": study,
        "question": question(study),
        "terms": terms(study),
        "answer": answer(rows),
        "unfinished": unfinished(study),
        "warnings": warnings(study, rows),
        "headlines": headlines(study, rows),
        "table": table and delta_m_text(table),
        "comparisons": comparison_text(main_ones(compared)) if compared else None,
        "other_comparisons": comparison_text(other) if (other := other_ones(compared)) else None,
        "ranking": leaderboard(rows, MOST, front=searched_front(study)) if rows else None,
        "listed": listed,
        "shown": SHOWN,
        "chapters": [(name, list(of)) for name, of in groupby(pictures, lambda p: p.chapter)],
        "not_sampled": subject.not_sampled,
        "best": best,
        "one_run": best and one_run(best),
        "winner": winner,
        "facts": run_facts(study),
        "failed": failed_trials(study),
        "colours": colours(picture.svg for picture in pictures),
        "style": Markup(_file("report.css")),  # noqa: S704 (our own file)
        "script": Markup(script),  # noqa: S704 (our own files)
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "told": told(study, rows, marks, listed),
    }
    return _environment().get_template("report.html.j2").render(values)


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("mdml_tune.analysis.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _file(name: str) -> str:
    """A file that is taken as it is."""
    return files("mdml_tune.analysis.page").joinpath("templates", name).read_text(encoding="utf-8")
