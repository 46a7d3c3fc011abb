"""Early stopping after a restart decides as it would have without one."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from mdml_tune.records import EpochReport, Phase, Status, TrialRecord
from mdml_tune.spaces.plan import AshaStopping
from mdml_tune.tuning.early_stopping import EPOCH, OBJECTIVE, RememberingAsha, build_scheduler

CONFIG = AshaStopping(grace_epochs=1, reduction=2)


def trial(key: str, ray_id: str) -> SimpleNamespace:
    return SimpleNamespace(trial_id=ray_id, config={"trial_key": key})


def report(
    scheduler: RememberingAsha, key: str, epoch: int, value: float, ray_id: str = "a"
) -> str:
    one = trial(key, f"{ray_id}-{key}")
    scheduler.on_trial_add(None, one)
    return scheduler.on_trial_result(None, one, {EPOCH: epoch, OBJECTIVE: value})


@pytest.fixture
def scheduler() -> RememberingAsha:
    built = build_scheduler(CONFIG, epochs=8)
    assert isinstance(built, RememberingAsha)
    return built


def record(key: str, values: list[float], status: Status = Status.RUNNING) -> TrialRecord:
    history = tuple(
        EpochReport(epoch, epoch, {"val/delta_m": value}) for epoch, value in enumerate(values, 1)
    )
    return TrialRecord(
        trial_key=key, config_id=key, phase=Phase.SEARCH, seed=0, status=status, history=history
    )


def test_the_worse_half_is_stopped_at_a_rung(scheduler: RememberingAsha) -> None:
    assert report(scheduler, "good", 1, 2.0) == TrialScheduler.CONTINUE
    assert report(scheduler, "bad", 1, 1.0) == TrialScheduler.STOP
    assert report(scheduler, "better", 1, 3.0) == TrialScheduler.CONTINUE


def test_replayed_rungs_decide_like_lived_ones(scheduler: RememberingAsha) -> None:
    lived = build_scheduler(CONFIG, epochs=8)
    for epoch, value in enumerate([2.0, 4.0, 5.0, 6.0], start=1):
        report(lived, "good", epoch, value)
    scheduler.replay([record("good", [2.0, 4.0, 5.0, 6.0])], "val/delta_m")
    for value in (1.9, 2.1):
        assert report(scheduler, f"x{value}", 1, value) == report(lived, f"x{value}", 1, value)
    assert scheduler.debug_string() == lived.debug_string()


def test_a_resumed_trial_is_not_judged_twice_at_one_rung(scheduler: RememberingAsha) -> None:
    scheduler.replay([record("mine", [1.0, 1.0]), record("other", [2.0, 2.0])], "val/delta_m")
    before = scheduler.debug_string()
    assert report(scheduler, "mine", 3, 1.0, ray_id="b") == TrialScheduler.CONTINUE
    assert scheduler.debug_string() == before


def test_a_stop_that_the_driver_did_not_live_to_note_is_made_up_for(
    scheduler: RememberingAsha,
) -> None:
    good = record("good", [2.0])
    bad = replace(record("bad", [1.0]), history=(EpochReport(1, 9, {"val/delta_m": 1.0}),))
    assert scheduler.replay([good, bad], "val/delta_m") == ["bad"]
    ended = replace(bad, status=Status.PRUNED)
    assert build_scheduler(CONFIG, epochs=8).replay([good, ended], "val/delta_m") == []


def test_without_a_rule_all_run_to_their_end() -> None:
    assert isinstance(build_scheduler(None, epochs=8), FIFOScheduler)
