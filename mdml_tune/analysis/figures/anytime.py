"""How good the best configuration was after how much computing."""

from collections.abc import Sequence
from dataclasses import dataclass

from mdml_tune.analysis.figures.style import GAIN_AXIS, INK, PALETTE, Drawing, new_figure, tidy
from mdml_tune.analysis.ranking import has_scores
from mdml_tune.analysis.reference import reference
from mdml_tune.analysis.subject import Subject
from mdml_tune.delta_m import delta_m
from mdml_tune.records import Phase, Status, StudyRecord, TrialRecord


@dataclass(frozen=True, slots=True)
class Anytime:
    unit: str
    """``GPU-hours``, or ``trial-hours`` (wall-clock of each trial) where no GPU was used."""
    baselines: float
    """What the single-task networks cost: where the search begins."""
    hours: tuple[float, ...]
    """Spent when a better configuration was found; the last is the end of the search."""
    best: tuple[float, ...]
    """The best Δm (gain, percent, val) from then on."""


def anytime(subject: Subject) -> Anytime | None:
    """The best Δm so far of trials trained to the end, against hours spent; none before the first."""
    study = subject.study
    trials = sorted((t for t in study.trials if t.phase is Phase.SEARCH), key=_ended)
    if not any(_counts(trial, study) for trial in trials):
        return None
    on_gpu = any(trial.gpus > 0 for trial in trials)
    single = reference(study, "val").mean
    spent = start = _hours(study.baselines, on_gpu=on_gpu)
    points: list[tuple[float, float]] = []
    for trial in trials:
        spent += _hours([trial], on_gpu=on_gpu)
        if _counts(trial, study):
            value = delta_m(trial.scores("val") or {}, single, study.tasks)
            if not points or value > points[-1][1]:
                points.append((spent, value))
    points.append((spent, points[-1][1]))
    hours, best = zip(*points, strict=True)
    return Anytime("GPU-hours" if on_gpu else "trial-hours", start, hours, best)


def draw_anytime(numbers: Anytime) -> Drawing:
    figure = new_figure(height=3.0)
    axes = figure.add_subplot()
    axes.step(numbers.hours, numbers.best, where="post", color=PALETTE[0], linewidth=1.8)
    axes.plot(numbers.hours[:-1], numbers.best[:-1], "o", color=PALETTE[0], markersize=4)
    axes.axhline(0, color=INK, linewidth=0.9, linestyle="--", label="single-task")
    if numbers.baselines > 0:
        axes.axvspan(0, numbers.baselines, color="#E4E4E4", label="training the baselines")
    figure.legend(fontsize=7.5, frameon=False, loc="outside upper right", ncols=2)
    axes.set_xlim(left=0)
    axes.set_xlabel(f"spent on trials [{numbers.unit}]")
    axes.set_ylabel(GAIN_AXIS.format(split="val"))
    tidy(axes)
    return figure


def _counts(trial: TrialRecord, study: StudyRecord) -> bool:
    return trial.status is Status.COMPLETED and has_scores(trial, "val", study.tasks)


def _ended(trial: TrialRecord) -> int:
    return trial.last.timestamp_ms if trial.last is not None else 0


def _hours(trials: Sequence[TrialRecord], *, on_gpu: bool) -> float:
    return sum(trial.gpu_hours if on_gpu else trial.seconds / 3600 for trial in trials)
