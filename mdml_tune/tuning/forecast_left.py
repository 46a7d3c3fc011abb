"""The forecast of a study that has begun, from nothing but what it has left behind.

Needs neither torch nor Ray, nor the machine on which the study runs.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import fmean, pstdev

from mdml_tune.config.trial import TrialConfig
from mdml_tune.records import Phase, StudyRecord, TrialRecord
from mdml_tune.scd.relations import needs
from mdml_tune.spaces.study import Study
from mdml_tune.tuning.forecast import Forecast, forecast
from mdml_tune.tuning.forecast_range import Range
from mdml_tune.tuning.forecast_todo import Pace
from mdml_tune.tuning.forecast_work import TWO_SIDED, Paces, Pending, epochs_of, todos
from mdml_tune.tuning.spending import PROCESS, WALL, Spending

EQUAL_WEIGHTING = "equal_weighting"


def forecast_left(
    study: Study, record: StudyRecord, spending: Spending, *, concurrency: int | None = None
) -> Forecast:
    """What is left of a study, at the speed that it has shown so far.

    Args:
        study: As it was begun.
        record: What it has left behind.
        spending: ``spent(record)``.
        concurrency: Trainings at once; none for as many as there have been.
    """
    at_once = concurrency or width([*record.baselines, *record.trials])
    left = todos(study, pending(study, record.baselines), record.trials, paces(record), at_once)
    return forecast(left, study.resources, study.budget, at_once, spending)


def paces(record: StudyRecord) -> Paces:
    """How fast the epochs of each phase were; a phase that has not begun goes like the one before."""
    searched = [trial for trial in record.trials if trial.phase is Phase.SEARCH]
    confirmed = [trial for trial in record.trials if trial.phase is Phase.CONFIRM]
    everywhere = pace_of(record.baselines)
    methods = {baseline.method or "" for baseline in record.baselines}
    by_method = {
        method: pace
        for method in (*record.tasks, EQUAL_WEIGHTING, *methods)
        if (pace := pace_of(b for b in record.baselines if b.method == method) or everywhere)
    }
    search = pace_of(searched)
    return Paces(baselines=by_method, search=search, confirm=pace_of(confirmed) or search)


def pace_of(trials: Iterable[TrialRecord]) -> Pace | None:
    """Mean over all epochs, and how far trials lie from it; none where none has been trained."""
    own = [
        [report for report in trial.history if report.metrics.get(WALL, 0.0) > 0]
        for trial in trials
    ]
    own = [reports for reports in own if reports]
    if not own:
        return None
    of_trials = [fmean(report.metrics[WALL] for report in reports) for reports in own]
    everything = [report for reports in own for report in reports]
    walls = [report.metrics[WALL] for report in everything]
    spread = TWO_SIDED * pstdev(of_trials if len(of_trials) > 1 else walls)
    process = [report.metrics.get(PROCESS, report.metrics[WALL]) for report in everything]
    return Pace(Range.around(fmean(walls), spread), fmean(process))


def pending(study: Study, there: Sequence[TrialRecord]) -> list[Pending]:
    """Reference networks that have not ended, with the epochs that each has left."""
    configs = references(study)
    begun = [
        Pending(one.method or "", epochs_of(one) - len(one.history))
        for one in there
        if not one.status.is_final
    ]
    known = Counter(one.method for one in there)
    missing = [
        Pending(method, config.training.epochs)
        for method, config in configs.items()
        for _ in range(study.baseline.seeds - known[method])
    ]
    return [*begun, *missing]


def references(study: Study) -> dict[str, TrialConfig]:
    """The reference networks of one seed, by method."""
    found = {str(task): study.baseline_config(task) for task in study.tasks}
    needed = needs(study.corners)
    if needed.complexity or "gradient_cosine" in needed.similarities:
        found[EQUAL_WEIGHTING] = study.equal_weighting_config()
    return found


def width(trials: Sequence[TrialRecord]) -> int:
    """Most trainings that have been at work at the same time; at least 1."""
    changes: list[tuple[float, int]] = []
    for trial in trials:
        own = [report for report in trial.history if report.metrics.get(WALL, 0.0) > 0]
        if own:
            start = own[0].timestamp_ms / 1000 - own[0].metrics[WALL]
            changes += [(start, 1), (own[-1].timestamp_ms / 1000, -1)]
    at_once, most = 0, 1
    for _, change in sorted(changes):  # at one time, ends come before starts
        at_once += change
        most = max(most, at_once)
    return most
