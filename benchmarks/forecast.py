"""How right the forecast of a study is: epochs and CPU time per phase, ahead and afterwards.

python benchmarks/forecast.py ahead rooms_mdml forecast.json    # before: nothing is started
mdml-tune search rooms_mdml
python benchmarks/forecast.py check rooms_mdml forecast.json    # after: the table
"""

import json
from pathlib import Path

import typer

from mdml_tune.records import Phase, StudyRecord, TrialRecord
from mdml_tune.spaces.load import load_study
from mdml_tune.spaces.study import Study
from mdml_tune.storage.studies import Storage
from mdml_tune.tuning.forecast_measured import measure
from mdml_tune.tuning.forecast_work import Pending, todos

PROCESS = "time/process_seconds"
PHASES = {"baselines": Phase.BASELINE, "search": Phase.SEARCH, "confirm": Phase.CONFIRM}

app = typer.Typer(add_completion=False)


@app.command()
def ahead(space: str, out: Path, concurrency: int = 2) -> None:
    """Time a few epochs of SPACE, and write down what each phase is expected to take."""
    study = load_study(space)
    measured = measure(study, None, [str(task) for task in study.tasks])
    paces = measured.paces(study)
    found = {
        todo.phase: {
            "epochs": todo.epochs.ends,
            "process_seconds": todo.pace.process if todo.pace is not None else None,
        }
        for todo in todos(study, _pending(study), (), paces, concurrency)
    }
    out.write_text(json.dumps(found, indent=1))


@app.command()
def check(space: str, forecast: Path, storage: str = "./mdml_runs") -> None:
    """Print what was expected beside what SPACE has taken."""
    record = Storage.at(storage).study(load_study(space).name).record()
    expected = json.loads(forecast.read_text())
    rows: list[tuple[str, ...]] = []
    whole_ahead = whole_after = 0.0
    for name, phase in PHASES.items():
        trials = _of(record, phase)
        mean, low, high = expected[name]["epochs"]
        epochs = sum(len(trial.history) for trial in trials)
        pace = expected[name]["process_seconds"]
        took = sum(report.metrics[PROCESS] for trial in trials for report in trial.history)
        whole_ahead, whole_after = whole_ahead + mean * pace, whole_after + took
        rows.append(
            (
                name,
                f"{mean:.0f} ({low:.0f} to {high:.0f})",
                f"{epochs}",
                f"{mean / epochs - 1:+.0%}",
                f"{mean * pace:.0f}",
                f"{took:.0f}",
                f"{mean * pace / took - 1:+.0%}",
            )
        )
    rows.append(
        ("all", "", "", "", f"{whole_ahead:.0f}", f"{whole_after:.0f}", f"{whole_ahead / whole_after - 1:+.0%}")
    )  # fmt: skip
    header = ("phase", "epochs ahead", "epochs", "", "CPU s ahead", "CPU s", "")
    for row in (header, ("---",) * len(header), *rows):
        typer.echo(f"| {' | '.join(row)} |")


def _pending(study: Study) -> list[Pending]:
    epochs = study.baseline_config(study.tasks[0]).training.epochs
    return [Pending(str(task), epochs) for task in study.tasks for _ in range(study.baseline.seeds)]


def _of(record: StudyRecord, phase: Phase) -> list[TrialRecord]:
    if phase is Phase.BASELINE:
        return list(record.baselines)
    return [trial for trial in record.trials if trial.phase is phase]


if __name__ == "__main__":
    app()
