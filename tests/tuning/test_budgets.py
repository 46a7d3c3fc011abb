"""What the confirmations will need is kept back, but never more than half."""

from collections.abc import Callable

import pytest

from mdml_tune.records import EpochReport, Phase, TrialRecord
from mdml_tune.spaces.plan import Budget, Resources
from mdml_tune.spaces.study import Study
from mdml_tune.tuning.budgets import confirm_seconds, less


def trial(epochs: int, seconds: float) -> TrialRecord:
    history = tuple(EpochReport(e, e, {}) for e in range(1, epochs + 1))
    return TrialRecord(
        trial_key="t1", config_id="c1", phase=Phase.SEARCH, seed=0, history=history, seconds=seconds
    )


def test_confirmations_cost_what_epochs_of_the_search_did(make_study: Callable[..., Study]) -> None:
    study = make_study(confirm={"top": 3, "seeds": 2})  # of 4 epochs each
    assert confirm_seconds(study, [trial(4, 8.0), trial(1, 2.0)]) == 2.0 * 4 * 3 * 2
    assert confirm_seconds(study, []) == 0
    assert confirm_seconds(make_study(confirm=None), [trial(4, 8.0)]) == 0


def test_each_budget_is_less_by_what_is_kept_back() -> None:
    budget = Budget(gpu_hours=10, wall_clock=5, cost=100, cost_per_gpu_hour=2)
    rest = less(budget, Resources(gpus=0.5), 3600 * 4, concurrency=2)
    assert (rest.gpu_hours, rest.wall_clock, rest.cost) == (10 - 2, 5 - 2, 100 - 4)
    assert less(Budget(), Resources(), 1e9, concurrency=1) == Budget()


def test_half_of_a_budget_is_the_searchs_own() -> None:
    rest = less(Budget(gpu_hours=10), Resources(gpus=1), 3600 * 50, concurrency=1)
    assert rest.gpu_hours == pytest.approx(5)
