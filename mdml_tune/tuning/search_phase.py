"""The search: rounds of Ray Tune, until the study has its trials."""

import re
from dataclasses import dataclass, field

from ray.tune.error import TuneError

from mdml_tune.config.load import load_trial
from mdml_tune.errors import MdmlTuneError
from mdml_tune.records import Scores, Status, TrialRecord
from mdml_tune.spaces.plan import PbtStopping
from mdml_tune.storage.faults import storage_failure, unusable
from mdml_tune.tuning.attempts import attempt_on, deaths_of, note_death
from mdml_tune.tuning.book import Book
from mdml_tune.tuning.cluster import living_nodes, session_id
from mdml_tune.tuning.early_stopping import RuleScheduler
from mdml_tune.tuning.events import Notice, Observer, TrialEnded
from mdml_tune.tuning.halting import Halt, HaltedError
from mdml_tune.tuning.job import Job
from mdml_tune.tuning.jobs import LOST_NODES
from mdml_tune.tuning.rounds import Round
from mdml_tune.tuning.stopping.build import build_rule
from mdml_tune.tuning.stopping.replay import replay
from mdml_tune.tuning.waiting import Waiting
from mdml_tune.tuning.watchdog import Watchdog

BARREN_ROUNDS = 3
"""How often in a row Ray may give up before any trial has moved."""

_KILLED = re.compile(r"pid=(\d+)")
"""In what Ray says of a process that its memory monitor has killed."""


@dataclass(slots=True, kw_only=True)
class SearchPhase:
    book: Book
    baseline: Scores
    """Val scores of the single-task networks, averaged over seeds."""
    concurrency: int
    observe: Observer
    halt: Halt
    losses: dict[str, int] = field(default_factory=dict[str, int])
    """How often the node of a trial was lost."""

    def run(self) -> None:
        """Run until the study has its trials.

        Ray gives up a whole search where one process was killed for want of memory, or where it
        cannot write. What it ran stands in the trials' folders, so it is started again from there.

        Raises:
            HaltedError: There was a reason to halt; what was running goes on the next time.
            RuntimeError: Ray gave up several times in a row, and nothing had moved.
        """
        barren = 0
        while True:
            before = self._progress()
            try:
                if not self._round():
                    break
            except MdmlTuneError:
                raise  # ours, not Ray's: it says itself what to do
            except (TuneError, RuntimeError, OSError, EOFError) as error:
                self._after_failure(error)
                barren = 0 if self._progress() != before else barren + 1
                if barren == BARREN_ROUNDS:
                    raise
                self.observe(Notice(f"Ray gave up ({_first_line(error)}); going on from the disk"))
            if self.halt():
                raise HaltedError
        self.book.close()

    def _round(self) -> bool:
        """Let Ray run what is left; whether something was."""
        study = self.book.study
        search = study.search
        rule = build_rule(search.early_stopping, study.epochs, search.seed)
        for key in replay(rule, self.book.records, search.objectives):
            self._tell_end(self.book.end(key, stopped=True))
        first = self.book.next()
        if first is None:
            return False
        self.book.put_back(first.trial_key)
        work = Round(
            book=self.book,
            scheduler=RuleScheduler(rule),
            watchdog=Watchdog(study.resources.stall_timeout, session_id()),
            waiting=Waiting(self.observe, session_id()),
            halt=self.halt,
            observe=self.observe,
            job_of=self.job,
            died=self.died,
        )
        work.run(self.concurrency)
        return True

    def job(self, record: TrialRecord) -> Job:
        stopping = self.book.study.search.early_stopping
        return Job(
            record=record,
            config=(config := load_trial(record.config)),
            folder=self.book.folder.trial(record.trial_key).path,
            data_root=self.book.baselines.data_root,
            baseline=self.baseline,
            teachers=self.book.baselines.teachers(config, record.seed),
            keep_checkpoint=self.book.study.keep == "all",
            boundaries=stopping.interval_epochs if isinstance(stopping, PbtStopping) else None,
        )

    def died(self, record: TrialRecord, reason: str) -> None:
        """Count the death of a trial's process, and end the trial where it was one too many."""
        key = record.trial_key
        folder = self.book.folder.trial(key)
        retries = self.book.study.resources.retries
        said = note_death(folder, session_id(), reason, alive=living_nodes(), retries=retries)
        if said is not None:
            self.observe(Notice(f"trial {key}: {said}"))
        self.losses[key] = self.losses.get(key, 0) + 1
        if self.losses[key] > LOST_NODES and not folder.is_closed():
            folder.close(Status.FAILED, failure=f"its nodes were lost: {reason}")
        self._tell_end(self.book.end(key))

    def _tell_end(self, record: TrialRecord | None) -> None:
        if record is not None:
            self.observe(TrialEnded(record))

    def _after_failure(self, error: Exception) -> None:
        problem = storage_failure(error) or unusable(self.book.folder.path)
        if problem is not None:
            self.halt.storage_failed(problem)
            return
        killed = {int(pid) for pid in _KILLED.findall(str(error))}
        for record in self.book.records:
            attempt = attempt_on(self.book.folder.trial(record.trial_key), session_id())
            if not record.status.is_final and attempt is not None and attempt.pid in killed:
                self.died(record, f"out of memory: {error}")

    def _progress(self) -> tuple[int, ...]:
        """Epochs, ends and deaths: as long as one of them grows, going on may help."""
        return tuple(
            len(record.history)
            + record.status.is_final
            + len(deaths_of(self.book.folder.trial(record.trial_key)))
            for record in self.book.records
        )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
