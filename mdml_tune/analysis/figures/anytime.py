"""How good the best configuration was after how much computing."""

from collections.abc import Sequence
from dataclasses import dataclass

from mdml_tune.analysis.figures.style import (
    GAIN_AXIS,
    INK,
    PALETTE,
    SHADE,
    Drawing,
    Mark,
    new_figure,
    tidy,
)
from mdml_tune.analysis.numbers import signed, tick
from mdml_tune.analysis.ranking import has_scores
from mdml_tune.analysis.reference import reference
from mdml_tune.analysis.subject import Subject
from mdml_tune.delta_m import delta_m
from mdml_tune.records import Phase, Status, StudyRecord, TrialRecord


@dataclass(frozen=True, slots=True)
class Leader:
    """A configuration that was better than all before it."""

    label: str
    config_id: str
    hours: float
    """Spent when it was found."""
    delta_m: float
    """Gain in percent on val."""


@dataclass(frozen=True, slots=True)
class Anytime:
    unit: str
    """``GPU-hours``, or ``trial-hours`` (wall-clock of each trial) where no GPU was used."""
    baselines: float
    """What the single-task networks cost: where the search begins."""
    leaders: tuple[Leader, ...]
    """In the order in which they were found."""
    end: float
    """Hours spent by the end of the search."""


def anytime(subject: Subject) -> Anytime | None:
    """The best Δm so far of trials trained to the end, against hours spent; none before the first."""
    study = subject.study
    trials = sorted((t for t in study.trials if t.phase is Phase.SEARCH), key=_ended)
    on_gpu = any(trial.gpus > 0 for trial in trials)
    labels = {row.config_id: row.label for row in subject.rows}
    spent = start = _hours(study.baselines, on_gpu=on_gpu)
    leaders: list[Leader] = []
    for trial in trials:
        spent += _hours([trial], on_gpu=on_gpu)
        value = _delta_m(trial, study)
        if value is not None and (not leaders or value > leaders[-1].delta_m):
            leaders.append(Leader(labels[trial.config_id], trial.config_id, spent, value))
    if not leaders:
        return None
    return Anytime("GPU-hours" if on_gpu else "trial-hours", start, tuple(leaders), spent)


def draw_anytime(numbers: Anytime) -> Drawing:
    figure = new_figure(height=3.0)
    axes = figure.add_subplot()
    hours = [leader.hours for leader in numbers.leaders]
    best = [leader.delta_m for leader in numbers.leaders]
    axes.step([*hours, numbers.end], [*best, best[-1]], where="post", color=PALETTE[0],
              linewidth=1.8)  # fmt: skip
    figure.tell(
        axes.scatter(hours, best, color=PALETTE[0], s=20, zorder=3),
        [_mark(leader, numbers.unit) for leader in numbers.leaders],
    )
    axes.axhline(0, color=INK, linewidth=0.9, linestyle="--", label="single-task")
    if numbers.baselines > 0:
        axes.axvspan(0, numbers.baselines, color=SHADE, label="training the baselines")
    figure.legend(fontsize=7.5, frameon=False, loc="outside upper right", ncols=2)
    axes.set_xlim(left=0)
    axes.set_xlabel(f"spent on trials [{numbers.unit}]")
    axes.set_ylabel(GAIN_AXIS.format(split="val"))
    tidy(axes)
    return figure


def _mark(leader: Leader, unit: str) -> Mark:
    found = f"{signed(leader.delta_m)} % Δm on val, found after {tick(leader.hours)} {unit}"
    return Mark(f"{leader.label}\n{found}", leader.config_id)


def _delta_m(trial: TrialRecord, study: StudyRecord) -> float | None:
    if trial.status is not Status.COMPLETED or not has_scores(trial, "val", study.tasks):
        return None
    return delta_m(trial.scores("val") or {}, reference(study, "val").mean, study.tasks)


def _ended(trial: TrialRecord) -> int:
    return trial.last.timestamp_ms if trial.last is not None else 0


def _hours(trials: Sequence[TrialRecord], *, on_gpu: bool) -> float:
    return sum(trial.gpu_hours if on_gpu else trial.seconds / 3600 for trial in trials)
