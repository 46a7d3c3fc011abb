"""How a large study reads: what status, rank, table and report take, each in a fresh process.

python benchmarks/scale.py write runs     # a study of 2,000 trials with 60 epochs and 30 metrics
python benchmarks/scale.py read runs      # the table

The study is made up, its files are not: a search's own writers make them. No trial is stopped
early, so that every history is as long as it can be.
"""

import hashlib
import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from mdml_tune.config.identity import config_id
from mdml_tune.config.load import load_trial
from mdml_tune.config.schema import plain
from mdml_tune.config.trial import TrialConfig
from mdml_tune.records import EpochReport, Phase, Status, TrialRecord
from mdml_tune.spaces.load import load_study
from mdml_tune.storage.history import rewrite_history
from mdml_tune.storage.studies import Storage
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tasks import METRICS, Task
from mdml_tune.tracking.ledger import Entry, Ledger, write_ledger
from mdml_tune.tuning.sampling.plain import Draws

NAME = "large"
SPACE = "nyuv2_mdml_scd"
"""A shipped study of 3 tasks, with parameters that are there under a choice only."""

FAILS_EVERY = 50
"""Of the searched trials; the others come to their end."""

CONFIRMED, SEEDS = 5, 3

NOISE = 0.003
"""Of a score from epoch to epoch, as a share of it."""

UNTRAINED = {
    "miou": 0.03, "pix_acc": 0.25, "abs_err": 2.2, "rel_err": 0.9, "mean_angle": 55.0,
    "median_angle": 53.0, "within_11.25": 0.04, "within_22.5": 0.14, "within_30": 0.22,
}  # fmt: skip
SINGLE_TASK = {
    "miou": 0.40, "pix_acc": 0.65, "abs_err": 0.60, "rel_err": 0.25, "mean_angle": 25.0,
    "median_angle": 19.0, "within_11.25": 0.30, "within_22.5": 0.57, "within_30": 0.69,
}  # fmt: skip

Columns = dict[str, NDArray[np.float64]]
"""Metric -> its value after each epoch."""

app = typer.Typer(add_completion=False)


@app.command()
def write(
    out: Path,
    trials: int = 2000,
    epochs: int = 60,
    *,
    peers: Annotated[
        bool, typer.Option("--peers", help="Log the ensemble and the peers' mean: 48 metrics.")
    ] = False,
) -> None:
    """Write the study into the storage OUT."""
    Writer(Storage(out.absolute()), epochs, peers=peers).write(trials)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    typer.echo(
        f"{trials} trials, {epochs} epochs, {48 if peers else 30} metrics: {size / 1e6:.0f} MB"
    )


@app.command()
def read(out: Path, runs: int = 3) -> None:
    """Print the median of RUNS of what each command takes that reads the study in OUT."""
    header = ("command", "wall [s]", "CPU [s]", "peak memory [MB]")
    typer.echo(f"| {' | '.join(header)} |\n| {' | '.join(['---'] * len(header))} |")
    with TemporaryDirectory() as folder:
        csv = f"{folder}/ranked.csv"
        for words in (["status"], ["rank", "--csv", csv], ["table"], ["report"]):
            took = [_measured([*words, NAME, "--storage", str(out)]) for _ in range(runs)]
            wall, process, memory = np.median(took, axis=0)
            typer.echo(f"| {words[0]} | {wall:.1f} | {process:.1f} | {memory:.0f} |")


@app.command(hidden=True)
def run(words: list[str]) -> None:
    """Run a command as the only child of this process; print its seconds, CPU seconds and MB."""
    began = time.monotonic()
    command = [sys.executable, "-m", "mdml_tune", *words]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)  # noqa: S603
    wall = time.monotonic() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    typer.echo(json.dumps([wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6]))
    raise typer.Exit(done.returncode)


def _measured(words: Sequence[str]) -> list[float]:
    asked = [sys.executable, __file__, "run", "--", *words]
    done = subprocess.run(asked, stdout=subprocess.PIPE, check=True)  # noqa: S603
    return json.loads(done.stdout)


class Writer:
    """Makes up a study whose merit is chance and one parameter's."""

    def __init__(self, storage: Storage, epochs: int, *, peers: bool) -> None:
        self._storage = storage
        self._folder = storage.study(NAME)
        values = [f"training.epochs={epochs}", "scd.stage_epochs=1"]
        self._study = load_study(SPACE, set_values=values, name=NAME)
        self._epochs = epochs
        self._peers = peers
        self._chance = np.random.default_rng(0)
        self._keys: list[str] = []

    def write(self, trials: int) -> None:
        """Baselines, ``trials`` of a search, and the confirmation of the best of them."""
        study = self._study
        self._folder.open(study.values, study.tasks, {"started": "2026-01-01T00:00:00+0000"})
        baselines = [self._baseline(task, seed) for task in study.tasks for seed in range(SEEDS)]
        self._folder.refer_to(baselines)
        draw = Draws(study.space, 0)
        searched = [self._searched(number, draw) for number in range(trials)]
        completed = [one for number, one in enumerate(searched) if number % FAILS_EVERY]
        for merit, record in sorted(completed, key=lambda one: -one[0])[:CONFIRMED]:
            for seed in range(1000, 1000 + SEEDS):
                self._confirm(record, seed, merit - 1)
        entries = {key: Entry(f"{i:032x}", described=True) for i, key in enumerate(self._keys)}
        write_ledger(self._folder, Ledger("sqlite:///mlflow.db", trials=entries))

    def _baseline(self, task: Task, seed: int) -> str:
        config = self._study.baseline_config(task)
        record = replace(self._record(Phase.BASELINE, config, seed), method=str(task))
        folder = self._storage.baseline(record.trial_key)
        reports = self._leave(folder, record, (task,), self._chance.normal(0, 0.5))
        folder.close(Status.COMPLETED, test=reports[-1].split("val"))
        return record.trial_key

    def _searched(self, number: int, draw: Draws) -> tuple[float, TrialRecord]:
        space = self._study.space
        assignment = draw({}).assignment
        parameters = space.reported(assignment)
        record = replace(
            self._record(Phase.SEARCH, load_trial(space.resolve(assignment)), 0),
            number=number,
            parameters=parameters,
        )
        weight = float(str(parameters["mutual.weight.depth"]))
        merit = 4 - abs(np.log(weight)) + self._chance.normal()
        folder = self._folder.trial(record.trial_key)
        self._leave(folder, record, self._study.tasks, merit)
        if number % FAILS_EVERY == 0:
            folder.close(Status.FAILED, failure="killed when it wrote its last checkpoint")
        else:
            folder.close(Status.COMPLETED)
        return merit, record

    def _confirm(self, searched: TrialRecord, seed: int, merit: float) -> None:
        again = self._record(Phase.CONFIRM, load_trial(searched.config), seed)
        record = replace(again, parameters=searched.parameters)
        folder = self._folder.trial(record.trial_key)
        reports = self._leave(
            folder, record, self._study.tasks, merit + self._chance.normal(0, 0.3)
        )
        folder.close(Status.COMPLETED, test=reports[-1].split("val"))

    def _record(self, phase: Phase, config: TrialConfig, seed: int) -> TrialRecord:
        name = config_id(config)
        key = f"t{hashlib.sha256(f'{phase} {name} {seed}'.encode()).hexdigest()[:16]}"
        self._keys.append(key)
        return TrialRecord(
            trial_key=key, config_id=name, phase=phase, seed=seed, config=plain(config)
        )

    def _leave(
        self, folder: TrialFolder, record: TrialRecord, tasks: Sequence[Task], merit: float
    ) -> list[EpochReport]:
        """Write down who the trial is and what it reported; its scores end ``merit`` % up."""
        columns = self._columns(tasks, merit)
        rows = np.stack([*columns.values()], axis=1).tolist()
        reports = [
            EpochReport(
                epoch, 1_767_225_600_000 + 60_000 * epoch, dict(zip(columns, row, strict=True))
            )
            for epoch, row in enumerate(rows, start=1)
        ]
        folder.open(record)
        rewrite_history(folder.history, reports)
        return reports

    def _columns(self, tasks: Sequence[Task], merit: float) -> Columns:
        """The names are those of a trial; the losses mean nothing."""
        losses = [
            "train/loss",
            *(f"train/{t}/{k}" for k in ("supervised", "mimicry") for t in tasks),
        ]
        columns = {name: np.exp(self._chance.normal(0, 1, self._epochs)) for name in losses}
        gains: Columns = {}
        for task in tasks:
            of_metrics: list[NDArray[np.float64]] = []
            for metric in METRICS[task]:
                sign, single = (1 if metric.higher_is_better else -1), SINGLE_TASK[metric.name]
                curve = self._curve(UNTRAINED[metric.name], single * (1 + sign * merit / 100))
                of_metrics.append(sign * 100 * (curve / single - 1))
                columns[f"val/{metric.path}"] = curve
                columns[f"gap/{metric.path}"] = 0.05 * curve
                if self._peers:
                    columns[f"val/ensemble/{metric.path}"] = 1.01 * curve
                    columns[f"val/peers_mean/{metric.path}"] = 0.99 * curve
            gains[f"val/delta_m/{task}"] = np.mean(of_metrics, axis=0)
        seconds = 60 + self._chance.normal(0, 1, self._epochs)
        whole = np.mean([*gains.values()], axis=0)
        return {**columns, "val/delta_m": whole, **gains, "time/epoch_seconds": seconds}

    def _curve(self, start: float, end: float) -> NDArray[np.float64]:
        learnt = 1 - np.exp(-5 * np.arange(1, self._epochs + 1) / self._epochs)
        course = start + (end - start) * learnt
        return course * (1 + self._chance.normal(0, NOISE, self._epochs))


if __name__ == "__main__":
    app()
