"""What was run, and what it took."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import cast

from mdml_tune.analysis.numbers import hours, tick
from mdml_tune.analysis.page.question import Fact
from mdml_tune.records import Phase, Status, StudyRecord, TrialRecord


def run_facts(study: StudyRecord) -> list[Fact]:
    """Provenance, versions, seeds, trials and what they cost, in the order in which one asks."""
    trials = everything(study)
    return [
        *(
            Fact(_words(name), "not recorded" if value is None else str(value))
            for name, value in study.about.items()
            if _plain(value)
        ),
        *(
            Fact(_words(name), ", ".join(f"{key} {of}" for key, of in _mapping(value).items()))
            for name, value in study.about.items()
            if not _plain(value)
        ),
        *(Fact("last report", text) for text in _last_report(trials)),
        *(Fact(f"{phase} trials", _trials(trials, phase)) for phase in Phase),
        Fact("spent", spent(study)),
    ]


def spent(study: StudyRecord) -> str:
    """Time of all trials, baselines included, of GPUs among it, and its price if that is known."""
    trials = everything(study)
    gpu_hours = sum(trial.gpu_hours for trial in trials)
    price = _mapping(study.study.get("budget")).get("cost_per_gpu_hour")
    parts = [
        f"{hours(sum(trial.seconds for trial in trials) / 3600)} of trials",
        f"{hours(gpu_hours)} of GPUs" if gpu_hours else "no GPU",
    ]
    if isinstance(price, int | float) and gpu_hours:
        parts.append(f"{gpu_hours * price:.2f} at {tick(price)} for a GPU-hour")
    return ", ".join(parts)


def everything(study: StudyRecord) -> tuple[TrialRecord, ...]:
    return (*study.baselines, *study.trials)


def failed_trials(study: StudyRecord) -> list[TrialRecord]:
    return [trial for trial in everything(study) if trial.status is Status.FAILED]


def statuses(trials: Iterable[TrialRecord]) -> str:
    """``12 completed, 1 failed``; empty without trials."""
    found = [trial.status for trial in trials]
    return ", ".join(f"{n} {status}" for status in Status if (n := found.count(status)))


def _trials(trials: Sequence[TrialRecord], phase: Phase) -> str:
    of_phase = [trial for trial in trials if trial.phase is phase]
    seeds = sorted({trial.seed for trial in of_phase})
    if not of_phase:
        return "none"
    return f"{statuses(of_phase)}; seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"


def _last_report(trials: Iterable[TrialRecord]) -> list[str]:
    stamps = [trial.last.timestamp_ms for trial in trials if trial.last is not None]
    return [
        datetime.fromtimestamp(stamp / 1000, UTC).isoformat(timespec="seconds")
        for stamp in sorted(stamps)[-1:]
    ]


def _words(name: str) -> str:
    return name.replace("_", " ")


def _plain(value: object) -> bool:
    return not isinstance(value, Mapping)


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}
