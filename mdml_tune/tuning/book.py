"""The driver's book of a search: which trials there are, which are at work, which come next.

All of it stands in the trials' folders; what is kept here is only what need not be read twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import cast

from mdml_tune.config.identity import config_id
from mdml_tune.config.load import load_trial
from mdml_tune.config.trial import TrialConfig
from mdml_tune.records import Phase, Status, TrialRecord, Value
from mdml_tune.scd.relations import Relations, resolved
from mdml_tune.spaces.plan import PbtStopping
from mdml_tune.spaces.space import Assignment
from mdml_tune.spaces.study import Study
from mdml_tune.storage.atomic import read_json
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.training.checkpoint import drop_checkpoints
from mdml_tune.tuning.baselines import Baselines
from mdml_tune.tuning.opening import Opening
from mdml_tune.tuning.sampler import Sampler
from mdml_tune.tuning.stages import next_seed
from mdml_tune.tuning.stopping.pbt import Fork, forks
from mdml_tune.tuning.tried import Tried
from mdml_tune.tuning.warm_start import Earlier


@dataclass(slots=True)
class Book:
    study: Study
    folder: StudyFolder
    baselines: Baselines
    relations: Relations | None = None
    """Of the study's tasks; none where no trial's name depends on them."""
    earlier: tuple[Earlier, ...] = ()
    """Trials of another study that the sampler is told of first."""
    _tried: dict[int, Tried] = field(default_factory=dict[int, Tried])
    """By number."""
    _at_work: set[str] = field(default_factory=set[str])
    _exhausted: bool = False
    """Whether the space holds no more configurations."""

    def __post_init__(self) -> None:
        for record in self.folder.record().trials:
            if record.phase is Phase.SEARCH and record.number is not None:
                self._enter(record)

    @property
    def records(self) -> list[TrialRecord]:
        """Of all searched trials, as their folders say now."""
        return [record for tried in self.tried for record in tried.records]

    @property
    def tried(self) -> list[Tried]:
        """Every searched configuration, as the folders of its trials say now."""
        for number, tried in self._tried.items():
            if any(not record.status.is_final for record in tried.records):
                records = tuple(map(self._read_again, tried.records))
                self._tried[number] = replace(tried, records=records)
        return list(self._tried.values())

    @property
    def ended(self) -> int:
        """Configurations whose first trial has ended."""
        return sum(tried.first.status.is_final for tried in self.tried)

    @property
    def total(self) -> int:
        """Configurations that there will be."""
        if self._exhausted:
            return len(self._tried)
        return max(self.study.search.trials, len(self._tried))

    @property
    def why_short(self) -> str:
        """Why there are fewer configurations than asked for, where nothing halted the search."""
        if self._exhausted or not isinstance(self.study.search.early_stopping, PbtStopping):
            return "the space holds no more different configurations"
        return "no other member fell behind"

    @property
    def waits(self) -> bool:
        """Whether what is at work may call for further trials when it ends."""
        search = self.study.search
        grows = len(search.stages) > 1 or isinstance(search.early_stopping, PbtStopping)
        return grows and bool(self._at_work)

    def next(self) -> TrialRecord | None:
        """The trial to run now; none where there is none now.

        First one that was interrupted, then a seed that a configuration has earned, then a new
        configuration, then (in population based training) a copy of a leading member.
        """
        for record in self.records:
            if not record.status.is_final and record.trial_key not in self._at_work:
                return self._begin(record)
        record = self._earned() or self._new() or self._copied()
        return None if record is None else self._begin(record)

    def put_back(self, key: str) -> None:
        """Let the trial be the next one again."""
        self._at_work.discard(key)

    def config(self, record: TrialRecord) -> TrialConfig:
        return load_trial(record.config)

    def end(self, key: str, *, stopped: bool = False) -> TrialRecord | None:
        """Note that a trial is no longer at work; its record, or none if it is to go on later.

        Args:
            key: Of the trial.
            stopped: Whether the early-stopping rule ended it.
        """
        folder = self.folder.trial(key)
        self._at_work.discard(key)
        if stopped and not folder.is_closed():
            folder.close(Status.PRUNED)
        if not folder.is_closed():
            return None
        if self.study.keep != "all":  # nobody goes on from a searched trial that has ended
            drop_checkpoints(folder.checkpoints)
        return next(record for record in self.records if record.trial_key == key)

    def close(self) -> None:
        """Free what only a search that goes on needs."""
        for record in self.records:
            if record.status.is_final:
                drop_checkpoints(self.folder.trial(record.trial_key).boundaries)

    def _begin(self, record: TrialRecord) -> TrialRecord:
        self._at_work.add(record.trial_key)
        return record

    def _read_again(self, record: TrialRecord) -> TrialRecord:
        if record.status.is_final:
            return record
        return self.folder.trial(record.trial_key).record() or record

    def _enter(self, record: TrialRecord) -> None:
        number = cast("int", record.number)
        there = self._tried.get(number)
        if there is not None:
            records = sorted((*there.records, record), key=lambda one: one.seed)
            self._tried[number] = replace(there, records=tuple(records))
            return
        said = read_json(self.folder.trial(record.trial_key).path / "ask.json") or {}
        self._tried[number] = Tried(
            assignment=cast("dict[str, Value]", said.get("assignment", {})),
            records=(record,),
            memory=cast("dict[str, object]", said.get("memory", {})),
        )

    @property
    def _known(self) -> set[str]:
        return {one.first.config_id for one in self._tried.values()}

    @property
    def _opening(self) -> Opening:
        return Opening(self.study, self.folder, self.baselines, self.relations)

    def _earned(self) -> TrialRecord | None:
        search = self.study.search
        if len(search.stages) == 1:
            return None
        found = next_seed(
            self.tried,
            search.stages,
            search.ranked_by,
            ended=self.ended,
            total=self.total,
        )
        if found is None:
            return None
        record = self._opening.further_seed(found[0].first, found[1])
        self._enter(record)
        return record

    def _copied(self) -> TrialRecord | None:
        stopping = self.study.search.early_stopping
        if not isinstance(stopping, PbtStopping) or len(self._tried) >= self.study.search.trials:
            return None
        for fork in self._open_forks(stopping):
            record = self._opening.copy(fork, len(self._tried), self._known)
            self._enter(record)
            return record
        return None

    def _open_forks(self, stopping: PbtStopping) -> Iterator[Fork]:
        """Copies that are due, and have not been made."""
        records = [tried.first for tried in self.tried]
        made = {self._opening.replaced_by(record) for record in records}
        search = self.study.search
        for fork in forks(records, search.objectives, stopping, search.seed):
            if fork.stopped not in made:
                yield fork

    def _new(self) -> TrialRecord | None:
        search = self.study.search
        stopping, number = search.early_stopping, len(self._tried)
        members = stopping.population if isinstance(stopping, PbtStopping) else search.trials
        if self._exhausted or number >= min(members, search.trials):
            return None
        sampler = Sampler(
            space=self.study.space,
            config=search.sampler,
            objectives=search.objectives,
            seed=search.seed,
            start_with=search.start_with,
            earlier=self.earlier,
        )
        tried = self.tried
        known = self._known
        for proposal in sampler.proposals(number, tried):
            config = self._config(proposal.assignment)
            # Drawn again, it is answered from its record and does not count.
            if config is None or config_id(config) in known:
                continue
            record = self._opening.configuration(number, proposal, config)
            self._enter(record)
            return record
        self._exhausted = True
        return None

    def _config(self, assignment: Assignment) -> TrialConfig | None:
        """The trial that is meant, if it is allowed. A threshold counts as its partition."""
        values = self.study.space.resolve(assignment)
        if not self.study.allows(values):
            return None
        config = load_trial(values)
        return config if self.relations is None else resolved(config, self.relations)
