"""Opening the trials of a search: what is written down before one of them starts.

``trial.json`` is written last. What a killed driver has left without it is no trial yet, and is
written again.
"""

import time
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from typing import cast

from mdml_tune.config.identity import config_id
from mdml_tune.config.load import load_trial
from mdml_tune.config.schema import plain
from mdml_tune.config.trial import TrialConfig
from mdml_tune.records import EpochReport, Phase, Status, TrialRecord, Value
from mdml_tune.scd.relations import Relations
from mdml_tune.spaces.study import Study
from mdml_tune.storage.atomic import read_json, write_json
from mdml_tune.storage.history import rewrite_history
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.tasks import Task
from mdml_tune.training.forking import fork as fork_checkpoint
from mdml_tune.training.forking import inherited
from mdml_tune.tuning.baselines import Baselines
from mdml_tune.tuning.stopping.pbt import Fork, child_config
from mdml_tune.tuning.tried import Proposal

QUEUE = "scd.queue"
"""Reported of each trial where SCD is searched: thresholds with one partition are one setting."""

SEARCH_SEED = 0
"""First seed of every configuration: all are compared on the same initialisation."""

COSTS = "time/"
"""Metrics of a report that say what the epoch took."""


@dataclass(frozen=True, slots=True)
class Opening:
    study: Study
    folder: StudyFolder
    baselines: Baselines
    relations: Relations | None

    def configuration(self, number: int, proposal: Proposal, config: TrialConfig) -> TrialRecord:
        """The first trial of a new configuration."""
        space, resources = self.study.space, self.study.resources
        parameters = space.reported(proposal.assignment)
        if self.relations is not None:
            parameters[QUEUE] = None if config.scd is None else _told(config.scd.queue or ())
        record = TrialRecord(
            trial_key=self.baselines.trial_key(config, SEARCH_SEED),
            config_id=config_id(config),
            phase=Phase.SEARCH,
            seed=SEARCH_SEED,
            number=number,
            method=space.method(proposal.assignment),
            parameters=parameters,
            config=plain(config),
            cpus=resources.cpus,
            gpus=resources.gpus,
        )
        self._note_ask(record, proposal)
        self.folder.trial(record.trial_key).open(record)
        return record

    def further_seed(self, first: TrialRecord, seed: int) -> TrialRecord:
        """Another trial of a configuration that has earned it."""
        record = replace(
            first,
            trial_key=self.baselines.trial_key(load_trial(first.config), seed),
            seed=seed,
            status=Status.RUNNING,
            failure=None,
            history=(),
            seconds=0.0,
        )
        self.folder.trial(record.trial_key).open(record)
        return record

    def copy(self, fork: Fork, number: int, known: Container[str]) -> TrialRecord:
        """A trial that goes on where a leading one was, with its weights and rate moved.

        It equals one that is trained from scratch with the same changes, so the epochs up to there
        are the donor's; they cost nothing again.

        Args:
            fork: Whose copy, from where on, and in whose place.
            number: Of the new configuration.
            known: Every ``config_id`` there is.
        """
        donor_folder = self.folder.trial(fork.donor)
        donor = donor_folder.record()
        assert donor is not None  # noqa: S101 (the fork was read from its record)
        stream = (self.study.search.seed, number)
        config = child_config(load_trial(donor.config), fork.epoch, stream, known)
        record = replace(
            donor,
            trial_key=self.baselines.trial_key(config, SEARCH_SEED),
            config_id=config_id(config),
            number=number,
            config=plain(config),
            status=Status.RUNNING,
            failure=None,
            history=(),
            seconds=0.0,
        )
        folder = self.folder.trial(record.trial_key)
        said = read_json(donor_folder.path / "ask.json") or {}
        self._note_ask(record, Proposal(cast("dict[str, Value]", said.get("assignment", {}))))
        write_json(
            folder.path / "fork.json",
            {"stopped": fork.stopped, "donor": fork.donor, "epoch": fork.epoch},
        )
        fork_checkpoint(donor_folder.boundaries, fork.epoch, folder.checkpoints)
        rewrite_history(folder.history, _for_nothing(inherited(donor.history, fork.epoch, config)))
        folder.open(record)
        return record

    def replaced_by(self, record: TrialRecord) -> str | None:
        """Key of the member in whose place this copy goes on; none of one that is no copy."""
        said = read_json(self.folder.trial(record.trial_key).path / "fork.json")
        return None if said is None else str(said["stopped"])

    def _note_ask(self, record: TrialRecord, proposal: Proposal) -> None:
        asked: dict[str, object] = {
            "assignment": proposal.assignment,
            "memory": dict(proposal.memory),
            "asked_at": time.time(),
        }
        write_json(self.folder.trial(record.trial_key).path / "ask.json", asked)


def _for_nothing(history: Sequence[EpochReport]) -> list[EpochReport]:
    """What was paid for once costs nothing again."""
    return [
        replace(
            report,
            metrics={k: 0.0 if k.startswith(COSTS) else v for k, v in report.metrics.items()},
        )
        for report in history
    ]


def _told(queue: Sequence[Sequence[Task]]) -> str:
    """``normals > segmentation + edges > depth``."""
    return " > ".join(" + ".join(block) for block in queue)
