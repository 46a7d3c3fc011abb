"""Early stopping as Ray Tune asks for it: our rule, which knows nothing of Ray."""

from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from mdml_tune.tuning.stopping.rule import Member, Rule

EPOCH = "epoch"
OBJECTIVES = "objectives"
"""What a trial reports to Ray, the second as a list; everything else goes into its history."""


class RuleScheduler(FIFOScheduler):
    """Starts trials in the order in which they come, and ends those that the rule stops.

    A trial's configuration says who it is, with ``trial_key``, ``number`` and, of a copy, ``since``
    which epoch: a resumed one has another id of Ray's. One with ``full_length`` is a further seed of a configuration: it is
    neither judged nor compared with.
    """

    # A trial waits after each epoch until it is judged, so none runs past its end.
    _supports_buffered_results = False

    def __init__(self, rule: Rule) -> None:
        super().__init__()
        self.rule = rule
        self.stopped: set[str] = set()
        """Keys of the trials that the rule has ended."""

    def on_trial_result(self, tune_controller: object, trial: Trial, result: dict[str, Any]) -> str:  # noqa: ARG002
        config = trial.config
        if config.get("full_length", False) or OBJECTIVES not in result:
            return TrialScheduler.CONTINUE
        member = Member(config["trial_key"], config["number"], config.get("since", 0))
        if not self.rule.judge(member, int(result[EPOCH]), tuple(result[OBJECTIVES])):
            return TrialScheduler.CONTINUE
        self.stopped.add(member.key)
        return TrialScheduler.STOP
