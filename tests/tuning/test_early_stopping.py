"""Our rules as Ray Tune meets them, and successive halving as Ray has it."""

import math
import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import ray
from hypothesis import given, settings
from hypothesis import strategies as st
from ray import tune
from ray.tune.schedulers import ASHAScheduler, TrialScheduler
from ray.tune.search import Searcher

from mdml_tune.spaces.plan import AshaStopping
from mdml_tune.tuning.early_stopping import EPOCH, OBJECTIVES, RuleScheduler
from mdml_tune.tuning.stopping.build import build_rule
from mdml_tune.tuning.stopping.rule import Member

CONFIG = AshaStopping(grace_epochs=1, reduction=2)


@pytest.fixture
def scheduler() -> RuleScheduler:
    return RuleScheduler(build_rule(CONFIG, epochs=8, seed=0))


def report(scheduler: RuleScheduler, key: str, epoch: int, value: float, **config: object) -> str:
    """Ray gives a trial that it starts again another id."""
    trial: Any = SimpleNamespace(
        trial_id=f"{key}-{epoch}", config={"trial_key": key, "number": 0} | config
    )
    return scheduler.on_trial_result(None, trial, {EPOCH: epoch, OBJECTIVES: [value]})


def test_what_the_rule_stops_is_stopped_and_noted(scheduler: RuleScheduler) -> None:
    assert report(scheduler, "good", 1, 2.0) == TrialScheduler.CONTINUE
    assert report(scheduler, "bad", 1, 1.0) == TrialScheduler.STOP
    assert report(scheduler, "better", 1, 3.0) == TrialScheduler.CONTINUE
    assert scheduler.stopped == {"bad"}


def test_trials_are_known_by_their_key_and_judged_once(scheduler: RuleScheduler) -> None:
    assert report(scheduler, "mine", 1, 1.0) == TrialScheduler.CONTINUE
    assert report(scheduler, "other", 1, 2.0) == TrialScheduler.CONTINUE
    assert report(scheduler, "mine", 1, 1.0) == TrialScheduler.CONTINUE


def test_further_seeds_are_neither_judged_nor_compared_with(scheduler: RuleScheduler) -> None:
    assert report(scheduler, "seed", 1, 9.0, full_length=True) == TrialScheduler.CONTINUE
    assert report(scheduler, "one", 1, 2.0) == TrialScheduler.CONTINUE
    assert report(scheduler, "seed-too", 1, 0.0, full_length=True) == TrialScheduler.CONTINUE
    assert report(scheduler, "bad", 1, 1.0, full_length=False) == TrialScheduler.STOP


def test_a_report_of_something_else_is_passed_over(scheduler: RuleScheduler) -> None:
    trial: Any = SimpleNamespace(config={"trial_key": "a", "number": 0})
    assert scheduler.on_trial_result(None, trial, {"storage": "full"}) == TrialScheduler.CONTINUE


def test_ray_can_pickle_it(scheduler: RuleScheduler) -> None:
    report(scheduler, "good", 1, 2.0)
    twin = pickle.loads(pickle.dumps(scheduler))  # noqa: S301
    assert report(twin, "bad", 1, 1.0) == TrialScheduler.STOP


# ---------------------------------------------------------------- against Ray's own


@settings(deadline=None)  # the machine is shared
@given(
    st.lists(st.lists(st.integers(0, 50), min_size=27, max_size=27), min_size=1, max_size=12),
    st.integers(1, 4),
    st.integers(2, 4),
    st.integers(4, 27),
)
def test_stops_whom_rays_own_stops(
    curves: list[list[int]], grace: int, reduction: int, epochs: int
) -> None:
    ours = build_rule(AshaStopping(grace_epochs=grace, reduction=reduction), epochs, seed=0)
    rays = ASHAScheduler(
        time_attr=EPOCH,
        metric="value",
        mode="max",
        max_t=epochs,
        grace_period=grace,
        reduction_factor=reduction,
        stop_last_trials=False,
    )
    for number in range(len(curves)):
        rays.on_trial_add(None, SimpleNamespace(trial_id=str(number)))
    for epoch in range(1, epochs):
        for number, curve in enumerate(curves):
            # All different: a value that equals a cutoff is put below it by Ray's rounding.
            value = curve[epoch - 1] * math.pi + number / 1000
            trial = SimpleNamespace(trial_id=str(number))
            expected = rays.on_trial_result(None, trial, {EPOCH: epoch, "value": value})
            stopped = ours.judge(Member(str(number), number), epoch, (value,))
            assert stopped == (expected == TrialScheduler.STOP)


# ---------------------------------------------------------------- in a real search


class Asked(Searcher):
    """Six trials, each better than the next."""

    def __init__(self) -> None:
        super().__init__(metric=EPOCH, mode="max")
        self.asked = 0

    def suggest(self, trial_id: str) -> dict[str, Any] | str:  # noqa: ARG002
        if self.asked == 6:
            return Searcher.FINISHED
        self.asked += 1
        return {"trial_key": f"t{self.asked}", "number": self.asked, "full_length": self.asked == 6}

    def on_trial_complete(self, *_: object, **__: object) -> None: ...

    def save(self, checkpoint_path: str) -> None: ...

    def restore(self, checkpoint_path: str) -> None: ...


def _train(config: dict[str, Any]) -> None:
    for epoch in range(1, 9):
        tune.report({EPOCH: epoch, OBJECTIVES: [-float(config["number"]), 1.0]})


@pytest.mark.slow
def test_ray_runs_a_search_by_it(tmp_path: Path) -> None:
    """Without a metric of Ray's, with several objectives, and to the epoch."""
    scheduler = RuleScheduler(build_rule(CONFIG, epochs=8, seed=0))
    ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False)
    try:
        tuner = tune.Tuner(
            _train,
            tune_config=tune.TuneConfig(
                search_alg=Asked(), scheduler=scheduler, num_samples=-1, max_concurrent_trials=1
            ),
            run_config=tune.RunConfig(storage_path=str(tmp_path), name="search", verbose=0),
        )
        results = tuner.fit()
    finally:
        ray.shutdown()
    lengths = {result.config["trial_key"]: result.metrics[EPOCH] for result in results}
    assert lengths == {"t1": 8, "t2": 1, "t3": 1, "t4": 1, "t5": 1, "t6": 8}
    assert scheduler.stopped == {"t2", "t3", "t4", "t5"}
