"""A study from start to end, or from where it stopped: baselines, search, confirmation."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mdml_tune.delta_m import delta_m
from mdml_tune.errors import UnavailableError
from mdml_tune.records import Phase, Status, TrialRecord
from mdml_tune.scd.relations import Needs, Relations
from mdml_tune.spaces.plan import Budget
from mdml_tune.spaces.study import Study
from mdml_tune.storage.faults import storage_error
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.tuning.baselines import (
    EQUAL_WEIGHTING,
    NOTHING,
    Baselines,
    reference,
    require_completed,
)
from mdml_tune.tuning.book import Book
from mdml_tune.tuning.budgets import confirm_seconds, less
from mdml_tune.tuning.cluster import Cluster, joined, joined_now
from mdml_tune.tuning.confirm import confirmations, retry_failed
from mdml_tune.tuning.events import Notice, Observer, PhaseStarted
from mdml_tune.tuning.fitness import check_nodes
from mdml_tune.tuning.greeting import greet
from mdml_tune.tuning.halting import INTERRUPTED, Halt, HaltedError
from mdml_tune.tuning.job import Job, Work
from mdml_tune.tuning.jobs import run_jobs
from mdml_tune.tuning.lifeline import LastWord
from mdml_tune.tuning.opened import Opened
from mdml_tune.tuning.relating import (
    read_relations,
    relate_on,
    relations_from,
    write_relations,
)
from mdml_tune.tuning.search_phase import SearchPhase
from mdml_tune.tuning.settling import settled
from mdml_tune.tuning.spending import Ledger, exhausted
from mdml_tune.tuning.stages import best
from mdml_tune.tuning.stopped import StopRequest
from mdml_tune.tuning.warm_started import check_warm_start, earlier_trials, warm_start


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
    warm_start: StudyFolder | None = None
    """An earlier study whose trials the sampler is told of, where they match."""
    last_word: LastWord = lambda _: None
    """Told why, where the process must be ended because the cluster has died."""


def run_study(
    study: Study,
    folder: StudyFolder,
    begun: Opened,
    options: Options,
    observe: Observer,
    *,
    until: Phase = Phase.CONFIRM,
) -> None:
    """Run what is not done yet, inside ``opened``; everything is left in the folder.

    Args:
        study: What to run.
        folder: Opened and held.
        begun: What ``opened`` gave.
        options: Where and how wide.
        observe: Told of everything that happens.
        until: The last phase to run.

    Raises:
        UnavailableError: No cluster, or none that holds a trial, or the storage failed.
        ConfigError: It is to be warm-started otherwise than it was begun.
        BaselineFailedError: A baseline could not be trained.
        KeyboardInterrupt: Somebody asked the study to stop (``mdml-tune stop``).
    """
    check_warm_start(folder, options.warm_start)
    for difference in begun.changed:
        observe(Notice(f"going on with {difference}"))
    ledger = Ledger(folder, study.budget.cost_per_gpu_hour)
    run = _Run(study, folder, begun, options, observe, ledger)
    if run.nothing_left(until):
        folder.note_end(over=until is Phase.CONFIRM)
        return
    with joined(options.address, options.last_word) as cluster:
        halt = run.halt(lambda: study.budget)
        try:
            over = run.go(cluster, until, halt)
        except HaltedError:
            run.tell_halt(halt)
            over = False
    folder.note_end(over=over)


@dataclass(frozen=True, slots=True)
class _Run:
    study: Study
    folder: StudyFolder
    begun: Opened
    options: Options
    observe: Observer
    ledger: Ledger

    @property
    def baselines(self) -> Baselines:
        return Baselines(
            study=self.study,
            storage=self.folder.storage,
            data_digest=self.begun.data_digest,
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

    def halt(self, budget: Callable[[], Budget]) -> Halt:
        """Why the study may have to halt: asked to, its lock lost, or the budget used up."""

        def asked_to() -> str | None:
            self.begun.lease.check()
            return "somebody asked it to stop" if self.is_to_stop() else None

        return Halt((asked_to, lambda: exhausted(budget(), self.ledger.spending())))

    def is_to_stop(self) -> bool:
        """Whether somebody has asked, by a signal or through the study's folder."""
        return INTERRUPTED.is_set() or StopRequest(self.folder).requested()

    def tell_halt(self, halt: Halt) -> None:
        if halt.storage is not None:
            raise storage_error(self.folder.storage.path, halt.storage)
        if self.is_to_stop():
            StopRequest(self.folder).clear()
            raise KeyboardInterrupt
        self.observe(Notice(f"halted: {halt.reason}. More budget, and it goes on from here"))

    def go(self, cluster: Cluster, until: Phase, halt: Halt) -> bool:
        """Run what is left; whether the whole study is over then."""
        cluster = settled(cluster, self.observe)
        if cluster.has_several_nodes and self.options.only_one_node is not None:
            raise UnavailableError(self.options.only_one_node)
        resources = self.study.resources
        greet(cluster, resources, self.observe)
        concurrency = cluster.concurrency(resources, self.options.concurrency)
        if cluster.address is not None:
            check_nodes(self.folder.storage.path, resources, self.observe)
        self.baselines.retry_failed()
        jobs = self._references()
        self._begin(Phase.BASELINE, len(jobs), sum(job.done for job in jobs))
        records = run_jobs(jobs, resources, concurrency, self.observe, halt)
        require_completed(records)
        single = [record for record in records if record.method != EQUAL_WEIGHTING]
        baseline = reference(single)
        delta_m(baseline, baseline, self.study.tasks)  # says so here where one of them is 0
        relations = self._relations(single, records)
        if until is Phase.BASELINE:
            return False
        warm_start(
            self.study,
            self.folder,
            self.options.warm_start,
            relations,
            data_digest=self.begun.data_digest,
            baselines=[record.trial_key for record in single],
            observe=self.observe,
        )
        book = self._book(relations)
        concurrency = self._counted_anew(concurrency)
        self._begin(Phase.SEARCH, book.total, book.ended)
        whole = self._search(book, baseline, concurrency)
        if until is Phase.SEARCH:
            return False
        last = self._last_jobs(book)
        fresh = [job for job in last if job.work is Work.TRAIN]
        concurrency = self._counted_anew(concurrency)
        self._begin(Phase.CONFIRM, len(fresh), sum(job.done for job in fresh))
        retry_failed(fresh)
        # First what confirmations are measured against, so that each can be judged when it ends.
        scored = [job for job in last if job.work is Work.SCORE_TEST]
        if not all(job.done for job in scored):
            self.observe(Notice("scoring the baselines on test"))
        run_jobs(scored, resources, concurrency, lambda _: None, halt)
        run_jobs(fresh, resources, concurrency, self.observe, halt)
        return whole

    def _counted_anew(self, concurrency: int) -> int:
        """How many trials run at once in the next phase.

        Machines may have joined since; whichever has left may come back, and is counted on.
        """
        room = joined_now().room(self.study.resources, self.options.concurrency)
        return max(concurrency, room)

    def _search(self, book: Book, baseline: dict[str, float], concurrency: int) -> bool:
        """The search, which leaves of the budget what the confirmations will need.

        Returns:
            Whether it came to its end.
        """

        def budget() -> Budget:
            seconds = confirm_seconds(self.study, book.records)
            return less(self.study.budget, self.study.resources, seconds, concurrency)

        halt = self.halt(budget)
        phase = SearchPhase(
            book=book,
            baseline=baseline,
            concurrency=concurrency,
            observe=self.observe,
            halt=halt,
        )
        try:
            phase.run()
        except HaltedError:
            if halt.storage is not None or self.is_to_stop():
                self.tell_halt(halt)
            book.close()
            self.observe(Notice(f"the search ends here: {halt.reason}"))
        missing = self.study.search.trials - len(book.tried)
        if missing > 0:
            reason = halt.reason or book.why_short
            self.observe(Notice(f"{missing} trials fewer than asked for: {reason}"))
        return halt.reason is None

    def _last_jobs(self, book: Book) -> list[Job]:
        """Confirmations, and the baselines' scores on test that they are measured against."""
        plan, search = self.study.confirm, self.study.search
        if plan is None or plan.top == 0:
            return []
        baseline_jobs = self.baselines.jobs(Work.SCORE_TEST)
        records = [self.folder.storage.baseline(j.record.trial_key).record() for j in baseline_jobs]
        chosen = [one.first for one in best(book.tried, search.stages, search.ranked_by)]
        fresh = confirmations(
            chosen[: plan.top],
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
            self.study.tasks,
            similarities,
            together if needs.complexity else [],
            single=reference(single),
            seeds=self.study.baseline.seeds,
        )
        write_relations(self.folder, found)
        return found

    def _book(self, relations: Relations | None) -> Book:
        earlier = earlier_trials(self.folder)
        return Book(self.study, self.folder, self.baselines, relations, earlier)

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
