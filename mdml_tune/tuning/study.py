"""A study from start to end, or from where it stopped: baselines, search, confirmation."""

import shutil
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml

from mdml_tune.config.identity import code_version
from mdml_tune.data.load import data_digest
from mdml_tune.delta_m import delta_m
from mdml_tune.errors import ConfigError, UnavailableError
from mdml_tune.records import Phase, Status, TrialRecord
from mdml_tune.scd.relations import Needs, Relations
from mdml_tune.spaces.study import Study
from mdml_tune.storage.atomic import read_json, write_bytes
from mdml_tune.storage.lock import held
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.tuning.baselines import (
    EQUAL_WEIGHTING,
    NOTHING,
    Baselines,
    reference,
    require_completed,
)
from mdml_tune.tuning.book import Book
from mdml_tune.tuning.cluster import Cluster, joined
from mdml_tune.tuning.confirm import confirmations, finalists, retry_failed
from mdml_tune.tuning.events import Notice, Observer, PhaseStarted
from mdml_tune.tuning.jobs import Job, Work, run_jobs
from mdml_tune.tuning.provenance import about
from mdml_tune.tuning.relating import (
    read_relations,
    relate_on,
    relations_from,
    write_relations,
)
from mdml_tune.tuning.search_phase import SearchPhase

SAFE_TO_CHANGE = ("budget", "resources", "confirm", "search.trials")
"""What a study may be resumed with other values of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to run a study; nothing here changes a result."""

    address: str | None = None
    """Of a Ray cluster; none for this machine alone."""
    concurrency: int | None = None
    """Most trials at once; none for as many as fit."""
    data_root: Path | None = None
    only_one_node: str | None = None
    """Why this study cannot run on several nodes, if it cannot."""
    asked: Needs = NOTHING
    """What is to be found out about the tasks beyond what the study needs."""


@contextmanager
def opened(study: Study, folder: StudyFolder, options: Options, *, fresh: bool) -> Generator[str]:
    """Hold the study's folder, and note there what is going to be run.

    Yields:
        The digest of the data.

    Raises:
        UnavailableError: The storage cannot be written to, or somebody else holds the study.
        ConfigError: The folder holds another study of this name.
    """
    _check_writable(folder)
    with held(folder.path / "LOCK", f"Study '{folder.name}'"):
        if fresh and folder.exists():
            _archive(folder)
        digest = data_digest(study.data, options.data_root)
        _check_same(study, folder, digest)
        write_bytes(
            folder.path / "study.yaml",
            yaml.safe_dump(study.values, sort_keys=False, allow_unicode=True).encode(),
        )
        folder.open(study.values, study.tasks, _about(study, folder, digest))
        yield digest


def run_study(
    study: Study,
    folder: StudyFolder,
    digest: str,
    options: Options,
    observe: Observer,
    *,
    until: Phase = Phase.CONFIRM,
) -> None:
    """Run what is not done yet, inside ``opened``; everything is left in the folder.

    Args:
        study: What to run.
        folder: Opened and held.
        digest: Of the data.
        options: Where and how wide.
        observe: Told of everything that happens.
        until: The last phase to run.

    Raises:
        UnavailableError: No cluster, or none that holds a trial.
        BaselineFailedError: A baseline could not be trained.
    """
    run = _Run(study, folder, digest, options, observe, time.monotonic())
    if run.nothing_left(until):
        return
    with joined(options.address) as cluster:
        run.go(cluster, until)


@dataclass(frozen=True, slots=True)
class _Run:
    study: Study
    folder: StudyFolder
    digest: str
    options: Options
    observe: Observer
    start: float

    @property
    def baselines(self) -> Baselines:
        return Baselines(
            study=self.study,
            storage=self.folder.storage,
            data_digest=self.digest,
            data_root=self.options.data_root,
            asked=self.options.asked,
        )

    def nothing_left(self, until: Phase) -> bool:
        """Whether the folder holds all that the study asks for: then no cluster is needed."""
        baselines = self._references()
        self.folder.refer_to([job.record.trial_key for job in baselines])
        if any(self._status(job) is not Status.COMPLETED for job in baselines):
            return False
        needs = self.baselines.needs
        relations = read_relations(self.folder, needs)
        if relations is None and needs != NOTHING:
            return False
        if until is Phase.BASELINE:
            return True
        book = self._book(relations)
        if book.next() is not None:
            return False
        if until is Phase.SEARCH:
            return True
        jobs = self._last_jobs(book)
        return all(job.done and not job.crashed for job in jobs)

    def go(self, cluster: Cluster, until: Phase) -> None:
        if len(cluster.nodes) > 1 and self.options.only_one_node is not None:
            raise UnavailableError(self.options.only_one_node)
        resources = self.study.resources
        concurrency = cluster.concurrency(resources, self.options.concurrency)
        self.baselines.retry_failed()
        jobs = self._references()
        self._begin(Phase.BASELINE, len(jobs), sum(job.done for job in jobs))
        records = run_jobs(jobs, resources, concurrency, self.observe)
        require_completed(records)
        single = [record for record in records if record.method != EQUAL_WEIGHTING]
        baseline = reference(single)
        delta_m(baseline, baseline, self.study.tasks)  # says so here where one of them is 0
        relations = self._relations(single, records)
        if until is Phase.BASELINE:
            return
        book = self._book(relations)
        self._begin(Phase.SEARCH, self.study.search.trials, book.ended)
        phase = SearchPhase(
            book=book,
            baseline=baseline,
            concurrency=concurrency,
            observe=self.observe,
        )
        phase.run()
        self._tell_why_short(book)
        if until is Phase.SEARCH:
            return
        last = self._last_jobs(book)
        fresh = [job for job in last if job.work is Work.TRAIN]
        self._begin(Phase.CONFIRM, len(fresh), sum(job.done for job in fresh))
        retry_failed(fresh)
        # First what confirmations are measured against, so that each can be judged when it ends.
        scored = [job for job in last if job.work is Work.SCORE_TEST]
        if not all(job.done for job in scored):
            self.observe(Notice("scoring the baselines on test"))
        run_jobs(scored, resources, concurrency, lambda _: None)
        run_jobs(fresh, resources, concurrency, self.observe)

    def _last_jobs(self, book: Book) -> list[Job]:
        """Confirmations, and the baselines' scores on test that they are measured against."""
        plan, objective = self.study.confirm, f"val/{self.study.search.objective}"
        if plan is None or plan.top == 0:
            return []
        baseline_jobs = self.baselines.jobs(Work.SCORE_TEST)
        records = [self.folder.storage.baseline(j.record.trial_key).record() for j in baseline_jobs]
        chosen = finalists(book.records, plan.top, objective)
        fresh = confirmations(
            chosen,
            plan,
            self.folder,
            self.baselines,
            reference([record for record in records if record is not None]),
        )
        return [*fresh, *baseline_jobs] if chosen else []

    def _references(self) -> list[Job]:
        """Every network that must be there before the search begins."""
        return [*self.baselines.jobs(), *self.baselines.equal_weighting_jobs()]

    def _relations(
        self, single: list[TrialRecord], everything: list[TrialRecord]
    ) -> Relations | None:
        """How the tasks are related, found out once; none where no trial depends on it."""
        needs = self.baselines.needs
        found = read_relations(self.folder, needs)
        if found is not None or needs == NOTHING:
            return found
        self.observe(Notice("finding out how the tasks are related"))
        together = [record for record in everything if record.method == EQUAL_WEIGHTING]
        similarities = relate_on(self.study.resources, self.baselines.evidence())
        found = relations_from(
            self.study.tasks, similarities, single, together if needs.complexity else []
        )
        write_relations(self.folder, found)
        return found

    def _book(self, relations: Relations | None) -> Book:
        return Book(self.study, self.folder, self.baselines, relations, self._spent)

    def _spent(self) -> str | None:
        """Which budget is used up, if any."""
        budget = self.study.budget
        hours = (time.monotonic() - self.start) / 3600
        if budget.wall_clock is not None and hours >= budget.wall_clock:
            return f"the time budget of {budget.wall_clock:g} h is used up"
        if budget.gpu_hours is not None:
            used = sum(record.gpu_hours for record in self.folder.record().trials)
            if used >= budget.gpu_hours:
                return f"{used:.3g} of {budget.gpu_hours:g} GPU-hours are used"
        return None

    def _tell_why_short(self, book: Book) -> None:
        missing = self.study.search.trials - len(book.records)
        if missing > 0:
            reason = self._spent() or "the space holds no more different configurations"
            self.observe(Notice(f"{missing} trials fewer than asked for: {reason}"))

    def _begin(self, phase: Phase, total: int, ended: int) -> None:
        self.observe(PhaseStarted(phase, total, ended))

    def _status(self, job: Job) -> Status | None:
        record = self.folder.storage.baseline(job.record.trial_key).record()
        return None if record is None else record.status


def failures(records: list[TrialRecord]) -> list[TrialRecord]:
    """Trials that failed in a way that calls for a look: a searched one may well diverge."""
    return [
        record
        for record in records
        if record.crashed or (record.diverged and record.phase is not Phase.SEARCH)
    ]


def _about(study: Study, folder: StudyFolder, digest: str) -> dict[str, object]:
    """Provenance, with the time of the first start."""
    now = about(digest, study.space_digest)
    before = (read_json(folder.path / "study.json") or {}).get("about")
    return now | {"started": before["started"]} if isinstance(before, dict) else now


def _check_writable(folder: StudyFolder) -> None:
    try:
        write_bytes(folder.path / ".probe", b"")
        (folder.path / ".probe").unlink()
    except OSError as error:
        raise UnavailableError(
            f"The storage {folder.storage.path} cannot be written to: {error.strerror}. Free or "
            f"unlock it, or choose another folder with --storage."
        ) from error


def _check_same(study: Study, folder: StudyFolder, digest: str) -> None:
    """A study is resumed as it was begun; only what changes no trial may differ."""
    before = read_json(folder.path / "study.json")
    if before is None:
        return
    then, now = dict(_leaves(before["study"])), dict(_leaves(study.values))
    about_then = dict(_leaves(before["about"]))
    then |= {"data": about_then["data_digest"], "code": about_then["code_version"]}
    now |= {"data": digest, "code": code_version()}
    changed = [
        f"  {path}: was {then.get(path)}, is {now.get(path)}"
        for path in sorted({*then, *now})
        if then.get(path) != now.get(path) and not path.startswith(SAFE_TO_CHANGE)
    ]
    if changed:
        raise ConfigError(
            "\n".join(
                [
                    f"Study '{folder.name}' in {folder.storage.path} was begun otherwise:",
                    *changed,
                    "Its results can be read as they are (rank, table, report). Run this one under "
                    "another name (--name NAME), or archive the old one and begin anew (--fresh).",
                ]
            )
        )


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every value that is no section, under its dotted path."""
    if isinstance(value, dict) and value:
        for key, below in cast("dict[str, object]", value).items():
            yield from _leaves(below, f"{path}.{key}" if path else key)
    else:
        yield path, value


def _archive(folder: StudyFolder) -> None:
    """Set aside all but the lock that we hold; nothing is deleted."""
    aside = folder.storage.path / "archive" / f"{folder.name}-{time.strftime('%Y%m%d-%H%M%S')}"
    aside.mkdir(parents=True)
    for path in folder.path.iterdir():
        if path.name != "LOCK":
            shutil.move(str(path), aside / path.name)
