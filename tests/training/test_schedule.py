"""Learning rates: where they start, peak and end."""

import math

import pytest

from mdml_tune.config.training import (
    ConstantSchedule,
    CosineSchedule,
    OneCycleSchedule,
    PolySchedule,
    ScheduleConfig,
    StepSchedule,
)
from mdml_tune.training.schedule import rate_factor

STEPS_PER_EPOCH, EPOCHS = 5, 20


def curve(schedule: ScheduleConfig) -> list[float]:
    """The factor of each step, and what would follow."""
    return [
        rate_factor(schedule, step=i, steps_per_epoch=STEPS_PER_EPOCH, epochs=EPOCHS)
        for i in range(STEPS_PER_EPOCH * EPOCHS + 1)
    ]


@pytest.mark.parametrize(
    "schedule",
    [
        ConstantSchedule(),
        CosineSchedule(),
        OneCycleSchedule(),
        PolySchedule(),
        StepSchedule(epochs=3, factor=0.7),
    ],
)
def test_no_step_exceeds_the_full_rate_and_one_reaches_it(schedule: ScheduleConfig) -> None:
    rates = curve(schedule)
    assert max(rates) == 1
    assert min(rates) >= 0


def test_constant() -> None:
    assert set(curve(ConstantSchedule())) == {1.0}


def test_cosine_falls_from_one_to_zero() -> None:
    rates = curve(CosineSchedule())
    assert rates[0] == 1
    assert rates[25] == pytest.approx(0.5 + math.sqrt(2) / 4)
    assert rates[50] == pytest.approx(0.5)
    assert rates[100] == pytest.approx(0, abs=1e-12)
    assert rates == sorted(rates, reverse=True)


def test_one_cycle_rises_in_a_line_and_falls_as_a_cosine() -> None:
    rates = curve(OneCycleSchedule(warmup=0.3))
    assert rates[0] == pytest.approx(1 / 25)
    assert rates[15] == pytest.approx((1 / 25 + 1) / 2)
    assert rates[30] == 1
    assert rates[65] == pytest.approx(0.5)
    assert rates[100] == pytest.approx(0, abs=1e-12)
    assert rates[:31] == sorted(rates[:31])
    assert rates[30:] == sorted(rates[30:], reverse=True)


def test_step_falls_after_so_many_epochs() -> None:
    rates = curve(StepSchedule(epochs=8, factor=0.5))
    assert rates[:40] == [1.0] * 40
    assert rates[40:80] == [0.5] * 40
    assert rates[80:100] == [0.25] * 20


def test_poly_by_hand() -> None:
    straight, bent, usual = (curve(PolySchedule(power=power)) for power in (1.0, 2.0, 0.9))
    for rates in (straight, bent, usual):
        assert rates[0] == 1
        assert rates[100] == 0
        assert rates == sorted(rates, reverse=True)
    assert straight[25] == pytest.approx(3 / 4)
    assert bent[50] == pytest.approx(1 / 4)
    assert usual[75] == pytest.approx(math.exp(0.9 * math.log(1 / 4)))


@pytest.mark.parametrize("schedule", [CosineSchedule(), OneCycleSchedule(), PolySchedule()])
def test_even_the_last_step_moves(schedule: ScheduleConfig) -> None:
    assert curve(schedule)[-2] > 0


def test_a_single_step_is_a_schedule_too() -> None:
    for schedule in (
        CosineSchedule(),
        OneCycleSchedule(),
        PolySchedule(),
        StepSchedule(),
        ConstantSchedule(),
    ):
        assert rate_factor(schedule, step=0, steps_per_epoch=1, epochs=1) > 0
