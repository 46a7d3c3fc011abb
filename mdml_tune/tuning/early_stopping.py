"""Asynchronous successive halving that remembers, across restarts, what every trial reached."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from ray.tune.experiment import Trial
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler, TrialScheduler

from mdml_tune.records import TrialRecord
from mdml_tune.spaces.plan import AshaStopping

EPOCH = "epoch"
OBJECTIVE = "objective"
"""What a trial reports to Ray; everything else goes into its history."""

Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Named:
    """A trial by our key: Ray gives a resumed one another id."""

    trial_id: str


class RememberingAsha(ASHAScheduler):
    """Ray's ASHA (Li et al. 2020, arXiv:1810.05934), keyed by trial key."""

    def replay(self, records: Iterable[TrialRecord], objective: str) -> list[str]:
        """Fill the rungs with what was reported before, in the order of the reports.

        Returns:
            Keys of trials that had not ended, but would have been stopped.
        """
        records = list(records)
        for record in records:
            super().on_trial_add(cast("Any", None), cast("Trial", _Named(record.trial_key)))
        reports = sorted(
            ((report.timestamp_ms, r.trial_key, report) for r in records for report in r.history),
            key=lambda entry: entry[:2],
        )
        stopped: list[str] = []
        for _, key, report in reports:
            result = {EPOCH: report.epoch, OBJECTIVE: report.metrics.get(objective)}
            if result[OBJECTIVE] is None:
                continue
            action = super().on_trial_result(cast("Any", None), cast("Trial", _Named(key)), result)
            if action == TrialScheduler.STOP:
                stopped.append(key)
        ended = {record.trial_key for record in records if record.status.is_final}
        return [key for key in stopped if key not in ended]

    def on_trial_add(self, tune_controller: object, trial: Trial) -> None:
        if _key(trial) not in self._trial_info:
            super().on_trial_add(cast("Any", tune_controller), _named(trial))

    def on_trial_result(self, tune_controller: object, trial: Trial, result: Result) -> str:
        return super().on_trial_result(cast("Any", tune_controller), _named(trial), result)

    def on_trial_complete(self, tune_controller: object, trial: Trial, result: Result) -> None:
        super().on_trial_complete(cast("Any", tune_controller), _named(trial), result)

    def on_trial_remove(self, tune_controller: object, trial: Trial) -> None:  # noqa: ARG002
        self._trial_info.pop(_key(trial), None)


def build_scheduler(config: AshaStopping | None, epochs: int) -> TrialScheduler:
    """The rule that ends trials early; without one, all run to their end."""
    if config is None:
        return FIFOScheduler()
    return RememberingAsha(
        time_attr=EPOCH,
        metric=OBJECTIVE,
        mode="max",
        max_t=epochs,
        grace_period=config.grace_epochs,
        reduction_factor=config.reduction,
        stop_last_trials=False,  # a trial that has come this far ends by itself
    )


def _key(trial: Trial) -> str:
    return str(trial.config["trial_key"])


def _named(trial: Trial) -> Trial:
    return cast("Trial", _Named(_key(trial)))
