"""What training a configuration once costs, against what it gains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import cast

from mdml_tune.analysis.figures.style import (
    GAIN_AXIS,
    INK,
    PALETTE,
    PAPER,
    Drawing,
    Mark,
    new_figure,
    tidy,
)
from mdml_tune.analysis.finalists import finalists, methods
from mdml_tune.analysis.numbers import hours, interval, signed
from mdml_tune.analysis.ranking import Group, RankedRow
from mdml_tune.analysis.reference import finished_baselines
from mdml_tune.analysis.subject import Subject
from mdml_tune.records import StudyRecord, TrialRecord

_MARKERS = "osD^vPX"
"""One more than there are colours: which of both comes again, the other does not."""


@dataclass(frozen=True, slots=True)
class Priced:
    label: str
    row: RankedRow
    """Confirmed: Δm (gain, percent) on test with its interval."""
    hours: float
    """Of one training at full length, the mean over its seeds."""
    networks: int
    """Trained together in that time; one of them is used afterwards."""


@dataclass(frozen=True, slots=True)
class Costs:
    unit: str
    """``GPU-hours``, or ``trial-hours`` (wall-clock) where not everyone held a GPU."""
    finalists: tuple[Priced, ...]
    tasks: int
    single_task: float
    """Hours of the single-task networks together: one for each task, the mean over seeds."""


def costs(subject: Subject) -> Costs | None:
    """None as long as nothing is confirmed."""
    study = subject.study
    rows = [r for r in finalists(study, subject.rows) if r.group is Group.CONFIRMED]
    if not rows:
        return None
    single = [finished_baselines(study, task) for task in study.tasks]
    trained = [*single, *(row.shown for row in rows)]
    on_gpu = all(trial.gpus > 0 for trials in trained for trial in trials)
    return Costs(
        unit="GPU-hours" if on_gpu else "trial-hours",
        finalists=tuple(
            Priced(_label(study, row), row, _hours(row.shown, on_gpu=on_gpu), _networks(row))
            for row in rows
        ),
        tasks=len(study.tasks),
        single_task=sum(_hours(networks, on_gpu=on_gpu) for networks in single),
    )


def draw_costs(numbers: Costs) -> Drawing:
    figure = new_figure(height=3.2 + 0.17 * len(numbers.finalists))
    axes = figure.add_subplot()
    axes.axhline(0, color=INK, linewidth=0.9, linestyle="--")
    (single,) = axes.plot([numbers.single_task], [0], "*", color=INK, markersize=11,
                          label=f"{numbers.tasks} single-task networks")  # fmt: skip
    figure.tell(single, [Mark(_single_text(numbers))])
    for place, one in enumerate(numbers.finalists):
        colour, marker = PALETTE[place % len(PALETTE)], _MARKERS[place % len(_MARKERS)]
        if one.row.interval is not None:
            ends = [one.row.interval.low, one.row.interval.high]
            axes.plot([one.hours] * 2, ends, color=colour, linewidth=1.4)
        (point,) = axes.plot([one.hours], [one.row.delta_m or 0.0], marker, color=colour, markersize=8,
                             markeredgecolor=PAPER, linestyle="", label=_named(one))  # fmt: skip
        figure.tell(point, [Mark(_text(one, numbers.unit), one.row.config_id)])
    axes.set_xlim(left=0)
    axes.set_xlabel(f"to train it once [{numbers.unit}]")
    axes.set_ylabel(GAIN_AXIS.format(split="test"))
    figure.legend(
        loc="outside lower left",
        ncols=2,
        title="bars: 95 % CI",
        title_fontsize=8,
        alignment="left",
        fontsize=8,
        frameon=False,
    )
    tidy(axes)
    return figure


def _label(study: StudyRecord, row: RankedRow) -> str:
    return row.method if methods(study) and row.method is not None else row.config_id


def _named(one: Priced) -> str:
    return one.label if one.networks == 1 else f"{one.label} ({one.networks} networks)"


def _text(one: Priced, unit: str) -> str:
    networks = "1 network" if one.networks == 1 else f"{one.networks} networks, one is used"
    return (
        f"{one.row.label}\nΔm {signed(one.row.delta_m)} % {interval(one.row.interval)}, test\n"
        f"{hours(one.hours)} ({unit}) to train {networks}"
    )


def _single_text(numbers: Costs) -> str:
    return (
        f"{numbers.tasks} single-task networks\nΔm 0, the reference\n"
        f"{hours(numbers.single_task)} ({numbers.unit}) together"
    )


def _networks(row: RankedRow) -> int:
    mutual = row.shown[0].config.get("mutual")
    if not mutual:
        return 1
    peers = cast("Mapping[str, int | Sequence[object]]", mutual)["peers"]
    return peers if isinstance(peers, int) else len(peers)


def _hours(trials: Sequence[TrialRecord], *, on_gpu: bool) -> float:
    return fmean(trial.gpu_hours if on_gpu else trial.seconds / 3600 for trial in trials)
