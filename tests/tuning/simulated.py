"""A search as the driver runs it, with a stand-in for Ray and for training.

The book, the sampler, the rule and the folders are the real ones. Trials report in turn, an epoch
each; what they report is a function of their parameters and of the epoch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import log

from mdml_tune.records import EpochReport, Status, TrialRecord, Value
from mdml_tune.spaces.plan import PbtStopping
from mdml_tune.storage.history import append_report, read_history
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.training.checkpoint import save_checkpoint
from mdml_tune.tuning.book import Book
from mdml_tune.tuning.stopping.build import build_rule
from mdml_tune.tuning.stopping.replay import JUDGED_SEED, replay
from mdml_tune.tuning.stopping.rule import member_of

Metrics = Mapping[str, float]
Trainer = Callable[[TrialRecord, int], Metrics]
"""What a trial reports after so many epochs."""


class Killed(Exception):  # noqa: N818
    """The driver died, right after a report was written and before it was judged."""


def peaked(record: TrialRecord, epoch: int) -> Metrics:
    """Best at a mimicry weight of 0.3, and a little better with every epoch."""
    weight = record.parameters["mutual.weight"]
    assert isinstance(weight, float)
    peak = -((log(weight) - log(0.3)) ** 2) + 0.01 * record.seed
    return {"val/delta_m": peak + 0.1 * epoch * (1 + (record.number or 0) % 3)}


@dataclass(slots=True)
class Driver:
    """One life of a driver."""

    book: Book
    train: Trainer
    concurrency: int
    lives: int
    """Reports until it is killed."""

    def run(self) -> None:
        """Run until nothing is left.

        Raises:
            Killed: Before that.
        """
        study = self.book.study
        rule = build_rule(study.search.early_stopping, study.epochs, study.search.seed)
        for key in replay(rule, self.book.records, study.search.objectives):
            self.book.end(key, stopped=True)
        at_work: list[str] = []
        while True:
            while len(at_work) < self.concurrency and (new := self.book.next()) is not None:
                at_work.append(new.trial_key)
            if not at_work:
                return
            for key in list(at_work):
                record, report = self._report(key)
                values = tuple(report.metrics[name] for name in study.search.objectives)
                judged = record.seed == JUDGED_SEED
                stopped = judged and rule.judge(member_of(record), report.epoch, values)
                if stopped or report.epoch == study.epochs:
                    self.book.end(key, stopped=stopped)
                    at_work.remove(key)

    def _report(self, key: str) -> tuple[TrialRecord, EpochReport]:
        folder = self.book.folder.trial(key)
        record = folder.record()
        assert record is not None
        epoch = len(record.history) + 1
        stopping = self.book.study.search.early_stopping
        if isinstance(stopping, PbtStopping) and epoch % stopping.interval_epochs == 0:
            save_checkpoint(folder.boundaries, epoch, {}, kept=None)
        report = EpochReport(epoch, self._now(), {**self.train(record, epoch)})
        append_report(folder.history, report)
        if epoch == self.book.study.epochs:
            folder.close(Status.COMPLETED)
        self.lives -= 1
        if self.lives == 0:
            raise Killed
        return record, report

    def _now(self) -> int:
        """A clock that goes on after a restart; copied reports do not move it."""
        folders = [self.book.folder.trial(record.trial_key) for record in self.book.records]
        return 1 + max((_last_ms(folder) for folder in folders), default=0)


def _last_ms(folder: TrialFolder) -> int:
    return max((report.timestamp_ms for report in read_history(folder.history)), default=0)


def outcome(book: Book) -> list[tuple[int | None, int, str, Status, list[Mapping[str, float]]]]:
    """What a search has come to, but for the times of its reports."""
    return [
        (r.number, r.seed, r.config_id, r.status, [report.metrics for report in r.history])
        for r in book.records
    ]


def parameters(book: Book) -> list[Mapping[str, Value]]:
    return [record.parameters for record in book.records]
