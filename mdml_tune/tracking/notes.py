"""What MLflow says in words of an experiment and of its study: the question, the answer, where to look.

Notes are Markdown. MLflow shows their first lines and folds the rest away, so the answer comes first.
"""

import re
from collections.abc import Iterator, Mapping

from mdml_tune.records import Phase, StudyRecord, TrialRecord, Value
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.tracking import views

_CELL = re.compile(r"(?<!\\)\|")
_OF_ALL_METRICS = re.compile(r"Δm|\bCI\b|\bseeds\b")
LONGEST = 8000
"""Characters of a run's tag that MLflow keeps."""


def question(study: StudyRecord, on: str | None) -> str:
    """What the study asks, in one sentence.

    Args:
        study: The study.
        on: The data set; none where the study does not say.
    """
    where = "" if on is None else f" on {on}"
    return (
        f"Which configuration of networks that learn from each other gains most over single-task "
        f"networks in {', '.join(study.tasks)}{where}?"
    )


def experiment_note(experiment_id: str, parent_run_id: str) -> str:
    """One line above the runs; the list of experiments shows it bare, so its first words are plain."""
    answer = f"#/experiments/{experiment_id}/runs/{parent_run_id}?workflowType=machine_learning"
    return f"Which configuration gains most? [The answer]({answer}) · {_links(experiment_id)}"


def study_note(study: StudyFolder, asked: str, experiment_id: str) -> str:
    """The description of the parent run, as its files under ``results/`` are now."""
    answer = _read(study, "answer.md") or _no_answer(study)
    table = narrow(_read(study, "delta_m.md"))
    rest = (
        f"**Question:** {asked}\n\n"
        f"**Runs, one per trial and seed:** {_links(experiment_id)}. `delta_m` is "
        f"the gain over the single-task networks in percent: positive is better.\n\n"
        f"**Files:** under *Artifacts*, in `results/`: `report.html` (everything on one page), "
        f"`delta_m.md` (every metric), `ranked.csv` (every configuration, best first), `figures/`."
    )
    head = f"**Answer:** {answer}\n\n"
    room = LONGEST - len(head) - len(rest) - 2
    return f"{head}{_fitting(table, room)}{rest}"


def narrow(table: str) -> str:
    """A Markdown table without the columns of single metrics, and its text below it.

    MLflow does not scroll a wide table: it pushes the rest of the page out of sight.
    """
    rows = [_CELL.split(line)[1:-1] for line in table.splitlines() if line.startswith("|")]
    text = [line for line in table.splitlines() if line and not line.startswith("|")]
    if not rows:
        return "\n\n".join(text)
    kept = [i for i, head in enumerate(rows[0]) if i == 0 or _OF_ALL_METRICS.search(head)]
    lines = ["|".join(["", *(row[i] for i in kept if i < len(row)), ""]) for row in rows]
    return "\n\n".join(["\n".join(lines), *text])


def trial_note(record: TrialRecord) -> str:
    """What a trial is, with what was sampled for it: the parameters alone are fifty and more."""
    match record.phase:
        case Phase.BASELINE:
            return f"Single-task network for {record.method}, seed {record.seed}."
        case Phase.SEARCH:
            who = f"Trial {record.number} of the search, seed {record.seed}"
        case Phase.CONFIRM:
            who = f"Configuration {record.config_id} again, with the fresh seed {record.seed}"
    sampled = _sampled(record.parameters)
    return f"{who}.\n\n{sampled}" if sampled else f"{who}."


def _sampled(parameters: Mapping[str, Value]) -> str:
    lines = [f"| `{name}` | {_value(value)} |" for name, value in parameters.items()]
    return "\n".join(["| sampled | value |", "| --- | --- |", *lines]) if lines else ""


def _value(value: Value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("|", "\\|")


def _links(experiment_id: str) -> str:
    pages = {
        "all runs by Δm": views.page(experiment_id, views.RUNS),
        "configurations, means over seeds": views.page(experiment_id, views.CONFIGURATIONS),
        "charts": views.charts_page(experiment_id),
    }
    return " · ".join(f"[{name}]({page})" for name, page in pages.items())


def _no_answer(study: StudyFolder) -> str:
    if (study.results / "report.html").exists():
        return "in `results/report.html`, under *Artifacts*."
    return (
        f"not there yet; it comes when the study ends. `mdml-tune status {study.name}` says how it "
        f"stands, and `mdml-tune report {study.name}` then `mdml-tune sync {study.name}` bring what "
        f"is known so far."
    )


def _read(study: StudyFolder, name: str) -> str:
    try:
        return (study.results / name).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""


def _fitting(table: str, room: int) -> str:
    """The first lines of the table that fit, and where the others are."""
    if not table:
        return ""
    if len(table) + 2 <= room:
        return f"{table}\n\n"
    pointer = "*The table goes on in `results/delta_m.md`.*\n\n"
    return "\n".join(_first(table.splitlines(), room - len(pointer) - 2)) + "\n\n" + pointer


def _first(lines: list[str], room: int) -> Iterator[str]:
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            return
        yield line
