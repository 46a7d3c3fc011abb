"""The driver's book of a search: which trials there are, which are at work, which come next.

All of it stands in the trials' folders; what is kept here is only what need not be read twice.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from mdml_tune.config.identity import config_id
from mdml_tune.config.load import load_trial
from mdml_tune.config.schema import plain
from mdml_tune.config.trial import TrialConfig
from mdml_tune.records import Phase, Status, TrialRecord, Value
from mdml_tune.scd.relations import Relations, resolved
from mdml_tune.spaces.space import Assignment
from mdml_tune.spaces.study import Study
from mdml_tune.storage.atomic import read_json, write_json
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.tasks import Task
from mdml_tune.training.checkpoint import drop_checkpoints
from mdml_tune.tuning.baselines import Baselines
from mdml_tune.tuning.sampler import Sampler, Tried

QUEUE = "scd.queue"
"""Reported of each trial where SCD is searched: thresholds with one partition are one setting."""

SEARCH_SEED = 0
"""Seed of every searched trial: configurations are compared on the same initialisation."""


@dataclass(slots=True)
class Book:
    study: Study
    folder: StudyFolder
    baselines: Baselines
    relations: Relations | None = None
    """Of the study's tasks; none where no trial's name depends on them."""
    deadline: Callable[[], str | None] = lambda: None
    """Says why no further trial may be started, or none while it may."""
    _tried: dict[str, Tried] = field(default_factory=dict[str, Tried])
    """By trial key, in the order of their numbers."""
    _at_work: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        records = [r for r in self.folder.record().trials if r.phase is Phase.SEARCH]
        for record in records:
            said = read_json(self.folder.trial(record.trial_key).path / "ask.json") or {}
            assignment = cast("dict[str, Value]", said.get("assignment", {}))
            self._tried[record.trial_key] = Tried(assignment, record)

    @property
    def records(self) -> list[TrialRecord]:
        """Of all searched trials, as their folders say now."""
        for key, tried in self._tried.items():
            if not tried.record.status.is_final:
                record = self.folder.trial(key).record()
                self._tried[key] = replace(tried, record=record or tried.record)
        return [tried.record for tried in self._tried.values()]

    @property
    def ended(self) -> int:
        return sum(record.status.is_final for record in self.records)

    @property
    def left(self) -> int:
        """Trials that are still to be run, interrupted ones included."""
        return self.study.search.trials - self.ended

    def next(self) -> TrialRecord | None:
        """The trial to run now: an interrupted one first, else a new one; none when all is done."""
        records = self.records
        for record in records:
            if not record.status.is_final and record.trial_key not in self._at_work:
                self._at_work.add(record.trial_key)
                return record
        if len(records) >= self.study.search.trials or self.deadline() is not None:
            return None
        return self._new(len(records))

    def put_back(self, record: TrialRecord) -> None:
        """Let the trial be the next one again."""
        self._at_work.discard(record.trial_key)

    def config(self, record: TrialRecord) -> TrialConfig:
        return load_trial(record.config)

    def end(self, key: str, *, failure: str | None = None) -> TrialRecord:
        """Note that a trial is no longer at work, and how it ended if it could not say so itself."""
        folder = self.folder.trial(key)
        record = self._tried[key].record
        if not folder.is_closed():
            last = (folder.record() or record).last
            whole = self.config(record).training.epochs
            if failure is not None:
                folder.close(Status.FAILED, failure=failure)
            elif last is not None and last.epoch == whole:
                folder.close(Status.COMPLETED)
            else:
                folder.close(Status.PRUNED)
        drop_checkpoints(folder.checkpoints)  # nobody goes on from a searched trial that has ended
        self._at_work.discard(key)
        return next(record for record in self.records if record.trial_key == key)

    def _new(self, number: int) -> TrialRecord | None:
        search = self.study.search
        sampler = Sampler(self.study.space, search.sampler, f"val/{search.objective}", search.seed)
        known = {tried.record.config_id for tried in self._tried.values()}
        for assignment in sampler.proposals(number, list(self._tried.values())):
            config = self._config(assignment)
            # Drawn again, it is answered from its record and does not count.
            if config_id(config) not in known:
                return self._open(number, assignment, config)
        return None

    def _config(self, assignment: Assignment) -> TrialConfig:
        """The trial that is meant. An SCD threshold counts as the partition it induces."""
        config = load_trial(self.study.space.resolve(assignment))
        return config if self.relations is None else resolved(config, self.relations)

    def _open(self, number: int, assignment: Assignment, config: TrialConfig) -> TrialRecord:
        space, resources = self.study.space, self.study.resources
        parameters = space.reported(assignment)
        if self.relations is not None:
            parameters[QUEUE] = None if config.scd is None else _told(config.scd.queue or ())
        record = TrialRecord(
            trial_key=self.baselines.trial_key(config, SEARCH_SEED),
            config_id=config_id(config),
            phase=Phase.SEARCH,
            seed=SEARCH_SEED,
            number=number,
            method=space.method(assignment),
            parameters=parameters,
            config=plain(config),
            cpus=resources.cpus,
            gpus=resources.gpus,
        )
        folder = self.folder.trial(record.trial_key)
        asked = {"assignment": assignment, "asked_at": time.time()}
        write_json(folder.path / "ask.json", cast("dict[str, object]", asked))
        folder.open(record)
        self._tried[record.trial_key] = Tried(assignment, record)
        self._at_work.add(record.trial_key)
        return record


def _told(queue: Sequence[Sequence[Task]]) -> str:
    """``normals > segmentation + edges > depth``."""
    return " > ".join(" + ".join(block) for block in queue)
