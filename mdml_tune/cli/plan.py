"""What a study would do and cost, without doing it."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console

from mdml_tune.cli import arguments as arg
from mdml_tune.cli.data_sets import progress
from mdml_tune.cli.forecasts import forecast_text
from mdml_tune.cli.tables import build_console, print_table
from mdml_tune.data.load import check_data, data_digest
from mdml_tune.errors import UnavailableError
from mdml_tune.records import StudyRecord, TrialRecord
from mdml_tune.spaces.plan import Resources
from mdml_tune.spaces.study import Study
from mdml_tune.storage.studies import Storage, StudyFolder
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tuning.baselines import Baselines
from mdml_tune.tuning.cluster import Cluster, Node
from mdml_tune.tuning.forecast import forecast
from mdml_tune.tuning.forecast_measured import Measured, measure
from mdml_tune.tuning.forecast_todo import Todo
from mdml_tune.tuning.forecast_work import NOTHING_KNOWN, Pending, todos
from mdml_tune.tuning.job import Job
from mdml_tune.tuning.networks import check_networks
from mdml_tune.tuning.opened import check_same
from mdml_tune.tuning.spending import spent

GIGABYTE = 1e9

BUSY = 0.8
"""Of a CPU: what is timed gets more on a machine that has nothing else to do."""


def show_plan(
    study: Study,
    data_root: Path | None,
    storage: str = arg.DEFAULT_STORAGE,
    *,
    concurrency: int | None = None,
    address: str | None = None,
) -> None:
    """Check what can be checked without a cluster, time a few epochs here, and print the forecast.

    Nothing is written to the storage, and no Ray is started.

    Raises:
        UnavailableError: The data, or a network's weights, are not there, no trial fits this
            machine (without ``address``), or the disk is too small.
        DataError: The data are corrupt.
        ConfigError: The storage holds another study of this name.
    """
    plan = _prepared(study, data_root, storage, concurrency, address)
    console = build_console()
    _say(console, plan.lines())
    measured = plan.measured()
    known = NOTHING_KNOWN if measured is None else measured.paces(study)
    drawn = None if measured is None else measured.drawn
    left = todos(study, plan.pending, plan.trials, known, plan.at_once, drawn=drawn)
    _say(console, plan.measured_lines(measured))
    _tell(console, plan, left)
    if measured is not None:
        _say(console, [_disk(plan, left, measured.checkpoint_bytes)])


def can_measure(resources: Resources) -> bool:
    """Whether this machine has what a training would hold."""
    return not resources.gpus or torch.cuda.is_available()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    study: Study
    data_root: Path | None
    folder: StudyFolder
    found: int
    """Reference networks that the storage has already."""
    pending: tuple[Pending, ...]
    record: StudyRecord | None
    """Of the study, where it has begun."""
    at_once: int
    address: str | None

    @property
    def trials(self) -> Sequence[TrialRecord]:
        return () if self.record is None else self.record.trials

    def lines(self) -> list[str]:
        study = self.study
        whole = self.found + len(self.pending)
        begun = f"{len(self.trials)} trials of this study" if self.record else "no such study yet"
        return [
            f"study     {study.name}: {', '.join(study.tasks)} on {study.data.dataset}",
            f"space     {', '.join(p.path for p in study.space.parameters) or 'one configuration'}",
            f"found     {self.found} of {whole} baselines, {begun} ({self.folder.storage.path})",
            f"at once   {self._where()}",
        ]

    def measured(self) -> Measured | None:
        """None where this machine lacks the GPU that the trainings would hold."""
        if not can_measure(self.study.resources):
            return None
        with progress() as bar:
            methods = list(dict.fromkeys(one.method for one in self.pending))
            return measure(self.study, self.data_root, methods, bar)

    def measured_lines(self, measured: Measured | None) -> list[str]:
        if measured is None:
            return ["measured  nothing: the trainings ask for a GPU, and this machine has none"]
        here = " (on this machine, not on the cluster)" if self.address is not None else ""
        timed = [*measured.baselines.values(), *measured.searched.values()]
        seconds = sorted(time.wall_seconds for time in timed)
        how = "whole epochs" if all(time.whole for time in timed) else "parts of an epoch"
        lines = [
            f"measured  {seconds[0]:.2g} to {seconds[-1]:.2g} s per epoch over {len(timed)} kinds of "
            f"training{here}",
            f"          from {how}, as after all warm-ups, one training at a time",
        ]
        got = sum(time.process_seconds for time in timed) / sum(seconds)
        if not self.study.resources.gpus and got < BUSY:
            lines.append(
                f"          other programs are at work here: it got {got:.0%} of a CPU, and would be "
                f"faster alone"
            )
        return lines

    def _where(self) -> str:
        if self.address is None:
            return f"{self.at_once} on this machine"
        return f"{self.at_once} assumed on {self.address} (say how many: --concurrency)"


def _prepared(
    study: Study,
    data_root: Path | None,
    storage: str,
    concurrency: int | None,
    address: str | None,
) -> _Plan:
    folder = Storage.at(storage).study(study.name)
    at_once = _at_once(study, concurrency, address)
    check_networks(study)
    with progress() as bar:
        check_data(study.data, data_root, bar)
    digest = data_digest(study.data, data_root)
    check_same(study, folder, digest)
    baselines = Baselines(
        study=study,
        storage=folder.storage,
        data_digest=digest,
        data_root=data_root,
    )
    jobs = [*baselines.jobs(), *baselines.equal_weighting_jobs()]
    missing = [job for job in jobs if not job.done]
    return _Plan(
        study=study,
        data_root=data_root,
        folder=folder,
        found=len(jobs) - len(missing),
        pending=tuple(_pending(job) for job in missing),
        record=folder.record() if folder.exists() else None,
        at_once=at_once,
        address=address,
    )


def _at_once(study: Study, concurrency: int | None, address: str | None) -> int:
    """Trainings at once; on a cluster that has not been asked, as many as here or as are wished."""
    here = Cluster((Node(float(os.cpu_count() or 1), float(torch.cuda.device_count())),))
    if address is None:
        return here.concurrency(study.resources, concurrency)
    return concurrency or max(1, here.nodes[0].holds(study.resources))


def _pending(job: Job) -> Pending:
    done = TrialFolder(job.folder).settled_epochs()
    return Pending(job.record.method or "", job.config.training.epochs - done)


def _tell(console: Console, plan: _Plan, left: Sequence[Todo]) -> None:
    study = plan.study
    price = study.budget.cost_per_gpu_hour
    # The clock of the time budget begins with the start that is being planned.
    spending = None if plan.record is None else spent(plan.record, price=price, wall_hours=0.0)
    ahead = forecast(left, study.resources, study.budget, plan.at_once, spending)
    if ahead.phases:
        print_table(console, forecast_text(ahead, study.resources, study.budget), title="Forecast")
    _say(console, [_epochs_alone(todo) for todo in left if todo.phase in ahead.unknown])
    if ahead.ends is not None:
        _say(console, [f"budget    {ahead.ends}"])


def _epochs_alone(todo: Todo) -> str:
    mean, low, high = (f"{end:.0f}" for end in todo.epochs.ends)
    epochs = mean if low == high else f"{mean} ({low} to {high})"
    return f"{todo.phase:9} {todo.trainings} trainings, {epochs} epochs"


def _disk(plan: _Plan, left: Sequence[Todo], checkpoint_bytes: int) -> str:
    """Checkpoints of baselines and of confirmed trials are kept, of those at work two each.

    Raises:
        UnavailableError: There is no room for them.
    """
    kept = sum(todo.trainings for todo in left if todo.phase in ("baselines", "confirm"))
    needed = (kept + 2 * plan.at_once) * checkpoint_bytes
    where = plan.folder.storage.path
    while not where.exists():
        where = where.parent
    free = shutil.disk_usage(where).free
    if needed > free:
        raise UnavailableError(
            f"The checkpoints of this study need about {needed / GIGABYTE:.2g} GB, and {where} has "
            f"{free / GIGABYTE:.2g} GB left. Free some, or choose another folder with --storage."
        )
    return f"disk      {needed / GIGABYTE:.2g} GB for checkpoints, {free / GIGABYTE:.2g} GB free"


def _say(console: Console, lines: Sequence[str]) -> None:
    if lines:
        console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
