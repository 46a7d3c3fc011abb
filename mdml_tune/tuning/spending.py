"""What a study has spent so far, and whether that is all it may spend.

What counts are the epochs in the histories of its own trials, and of the baselines whose training
began after the study did: those that it found cost it nothing. An epoch that a restart had to do
again counts once; the epochs that a copy of a trial has inherited count as the donor's.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, cast

from mdml_tune.records import StudyRecord, TrialRecord
from mdml_tune.spaces.plan import Budget
from mdml_tune.storage.atomic import read_json
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.storage.trials import TrialFolder

WALL = "time/epoch_seconds"
PROCESS = "time/process_seconds"

STARTED_FORMAT = "%Y-%m-%dT%H:%M:%S%z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    epochs: int
    gpu_hours: float
    """Hours of epochs times the GPUs held, fractions included."""
    cpu_hours: float
    """Of all threads that computed; where nobody counted them, of the CPUs held."""
    cost: float
    """Of the GPU-hours, in the user's currency; 0 without a price."""
    wall_hours: float | None
    """Since this start of the study; none while it does not run."""


@dataclass(slots=True)
class Ledger:
    """The spending of a study that runs, cheap enough to be asked every few seconds.

    A history is read again only where it has changed.
    """

    folder: StudyFolder
    price: float | None = None
    """Of a GPU-hour."""
    started: float = field(default_factory=time.monotonic)
    """This start of the study, on the monotonic clock."""
    _known: dict[Path, "_Entry"] = field(default_factory=dict[Path, "_Entry"])

    def spending(self) -> Spending:
        """What the folders say now."""
        began = began_at((read_json(self.folder.path / "study.json") or {}).get("about"))
        baselines = [self.folder.storage.baseline(key) for key in self.folder.references()]
        costs = [
            *(self._costs(TrialFolder(path)) for path in (self.folder.path / "trials").glob("*")),
            *(cost for one in baselines if (cost := self._costs(one)).began >= began),
        ]
        hours = (time.monotonic() - self.started) / 3600
        return _total(costs, self.price, hours)

    def _costs(self, folder: TrialFolder) -> "_Costs":
        stamp = _stamp(folder.history)
        known = self._known.get(folder.path)
        if known is None or known.stamp != stamp:
            record = folder.record()
            known = _Entry(stamp, NOTHING if record is None else _costs_of(record))
            self._known[folder.path] = known
        return known.costs


def spent(
    study: StudyRecord, *, price: float | None = None, wall_hours: float | None = None
) -> Spending:
    """The same from the records of a study.

    Args:
        study: Its records.
        price: Of a GPU-hour.
        wall_hours: Since this start; none where it does not run.
    """
    began = began_at(study.about)
    baselines = [cost for one in study.baselines if (cost := _costs_of(one)).began >= began]
    return _total([*baselines, *map(_costs_of, study.trials)], price, wall_hours)


def exhausted(budget: Budget, spending: Spending) -> str | None:
    """Which budget is used up, in a sentence; none while all last."""
    hours = spending.wall_hours
    if budget.wall_clock is not None and hours is not None and hours >= budget.wall_clock:
        return f"the time budget of {_duration(budget.wall_clock)} is used up"
    if budget.gpu_hours is not None and spending.gpu_hours >= budget.gpu_hours:
        return f"{spending.gpu_hours:.3g} of {budget.gpu_hours:g} GPU-hours are used"
    if budget.cost is not None and spending.cost >= budget.cost:
        return f"{spending.cost:.4g} of the budget of {budget.cost:g} is spent"
    return None


def _duration(hours: float) -> str:
    """``2.5 h``, ``90 min`` or ``45 s``, whichever is short."""
    seconds = hours * 3600
    if seconds < 120:  # noqa: PLR2004 (two minutes)
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.3g} min" if hours < 2 else f"{hours:.3g} h"  # noqa: PLR2004 (two hours)


def began_at(about: object) -> float:
    """Unix time of a study's first start, from its provenance; before all time where it is unknown."""
    started = cast("dict[str, object]", about).get("started") if isinstance(about, dict) else None
    if not isinstance(started, str):
        return float("-inf")
    return datetime.strptime(started, STARTED_FORMAT).timestamp()


class _Costs(NamedTuple):
    epochs: int
    gpu_seconds: float
    cpu_seconds: float
    began: float
    """Unix time at which the first epoch began."""


NOTHING = _Costs(0, 0.0, 0.0, float("-inf"))


class _Entry(NamedTuple):
    stamp: tuple[int, int] | None
    costs: _Costs


def _costs_of(record: TrialRecord) -> _Costs:
    # What a copy has inherited stands in its history as having taken no time.
    own = [report for report in record.history if report.metrics.get(WALL, 0.0) > 0]
    if not own:
        return NOTHING
    walls = [report.metrics[WALL] for report in own]
    held = [wall * record.cpus for wall in walls]
    cpu = sum(report.metrics.get(PROCESS, used) for report, used in zip(own, held, strict=True))
    began = own[0].timestamp_ms / 1000 - walls[0]
    return _Costs(len(own), sum(walls) * record.gpus, cpu, began)


def _total(costs: Iterable[_Costs], price: float | None, wall_hours: float | None) -> Spending:
    costs = list(costs)
    gpu_hours = sum(cost.gpu_seconds for cost in costs) / 3600
    return Spending(
        epochs=sum(cost.epochs for cost in costs),
        gpu_hours=gpu_hours,
        cpu_hours=sum(cost.cpu_seconds for cost in costs) / 3600,
        cost=gpu_hours * (price or 0.0),
        wall_hours=wall_hours,
    )


def _stamp(path: Path) -> tuple[int, int] | None:
    """Changes whenever the file does; none where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size
