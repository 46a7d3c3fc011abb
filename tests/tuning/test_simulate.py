"""The stand-in search: who reports when, and what early stopping leaves of the epochs."""

import time

import numpy as np
import pytest

from mdml_tune.spaces.plan import AshaStopping, PbtStopping, Stopping
from mdml_tune.tuning.curves import drawn_curves
from mdml_tune.tuning.simulate import expected_epochs, simulate
from mdml_tune.tuning.stopping.build import build_rule
from mdml_tune.tuning.stopping.rule import Point, RunToTheEnd

ASHA = AshaStopping(grace_epochs=1, reduction=2)
PBT = PbtStopping(kind="pbt", population=4, interval_epochs=2, quantile=0.25)


def descending(number: int, _: int) -> Point:
    return (-float(number),)


def test_one_after_the_other() -> None:
    seen = simulate(2, 3, 1, RunToTheEnd(), descending)
    assert seen.order == ((0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (1, 3))
    assert (seen.epochs, seen.stopped, seen.total) == ((3, 3), (), 6)


def test_two_at_once_report_in_turn_and_a_free_place_is_taken() -> None:
    seen = simulate(3, 4, 2, build_rule(ASHA, 4, 0), descending)
    # Number 1 falls behind at once; number 2 takes its place while number 0 goes on.
    assert seen.order[:5] == ((0, 1), (1, 1), (0, 2), (2, 1), (0, 3))
    assert (seen.epochs, seen.stopped) == ((4, 1, 1), (1, 2))


def test_a_copy_trains_what_is_left_and_counts_as_a_trial() -> None:
    copies: list[tuple[int, int, int]] = []
    seen = simulate(
        6, 6, 4, build_rule(PBT, 6, 0), descending, copied=lambda *of: copies.append(of)
    )
    # Of four at epoch 2 the last falls behind, and the first leads; as new ones are worse still
    # the copy falls behind at epoch 4, and its own copy is the last trial that is asked for.
    assert copies == [(4, 0, 2), (5, 0, 4)]
    assert seen.epochs == (6, 6, 6, 2, 2, 2)
    assert seen.stopped == (3, 4)


def test_population_training_may_have_fewer_trials_than_asked_for() -> None:
    seen = simulate(50, 6, 4, build_rule(PBT, 6, 0), lambda *_: (0.0,))
    assert seen.epochs == (6, 6, 6, 6)


def test_fast_enough_to_be_asked_hundreds_of_times() -> None:
    rows = drawn_curves(200, 80, np.random.default_rng(0)).tolist()
    start = time.process_time()
    simulate(200, 80, 4, build_rule(ASHA, 80, 0), lambda n, epoch: (rows[n][epoch - 1],))
    assert time.process_time() - start < 0.2


# ---------------------------------------------------------------- the forecast


def test_without_a_rule_the_forecast_is_exact() -> None:
    assert expected_epochs(None, 24, 40, 2, seed=0) == (960, 960, 960)


@pytest.mark.parametrize("reduction", [2, 3, 4])
def test_halving_costs_what_its_rungs_say(reduction: int) -> None:
    """Where no trial is better than another, one in ``reduction`` passes each of two rungs."""
    config = AshaStopping(grace_epochs=2, reduction=reduction)
    trials, epochs = 400, 2 * reduction**2
    per_trial = 2 + (2 * reduction - 2) / reduction + (epochs - 2 * reduction) / reduction**2
    totals: list[int] = []
    for seed in range(10):
        rows = np.random.default_rng(seed).normal(size=(trials, epochs)).tolist()
        rule = build_rule(config, epochs, seed)
        totals.append(simulate(trials, epochs, 4, rule, lambda n, e: (rows[n][e - 1],)).total)  # noqa: B023
    assert np.mean(totals) == pytest.approx(trials * per_trial, rel=0.1)
    _, low, high = expected_epochs(config, trials, epochs, 4, seed=0, draws=40)
    assert low < trials * per_trial < high


@pytest.mark.parametrize(
    "config", [ASHA, PBT, AshaStopping(grace_epochs=5, reduction=3)], ids=lambda c: c.kind
)
def test_bounds_are_possible_and_in_order(config: Stopping) -> None:
    mean, low, high = expected_epochs(config, 12, 20, 2, seed=0, draws=40)
    assert 12 <= low <= mean <= high <= 12 * 20
    assert (mean, low, high) == expected_epochs(config, 12, 20, 2, seed=0, draws=40)


def test_a_population_costs_its_members_to_the_end() -> None:
    """What a member that is stopped leaves, its copy trains; some do an interval again."""
    config = PbtStopping(kind="pbt", population=4, interval_epochs=2)
    mean, low, high = expected_epochs(config, 100, 10, 4, seed=0, draws=20)
    assert 4 * 10 <= low <= mean <= high <= 4 * (10 + 4)


def test_drawn_curves_foretell_their_end_ever_better() -> None:
    rng = np.random.default_rng(0)

    def correlation(epoch: int) -> float:
        every = [np.corrcoef(c[:, epoch], c[:, -1])[0, 1] for c in drawn]
        return float(np.mean(every))

    drawn = [drawn_curves(60, 20, rng) for _ in range(60)]
    assert correlation(0) == pytest.approx((0.3 + 0.95) / 2, abs=0.1)
    assert correlation(0) < correlation(6) < correlation(13) < correlation(18)
