"""Copies: which are due, derived from the records, and what is moved in them."""

from collections.abc import Callable
from dataclasses import replace
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lived import PBT, SEED, Lived, record, searches

from mdml_tune.config.canonical import canonical
from mdml_tune.config.changes import Change
from mdml_tune.config.identity import config_id
from mdml_tune.config.load import load_trial
from mdml_tune.config.schema import plain
from mdml_tune.config.trial import TrialConfig
from mdml_tune.records import Status
from mdml_tune.tasks import Task
from mdml_tune.tuning.stopping.pbt import Fork, child_config, forks, moved, moves
from mdml_tune.tuning.stopping.rule import member_of

OBJECTIVES = ["val/delta_m"]
TWO_FIRST = replace(PBT, quantile=0.5)


# ---------------------------------------------------------------- which


def test_the_copy_is_of_a_leader_at_the_boundary() -> None:
    records = [
        record("good", [0.0, 5.0, 0.0], times=[1, 2, 9]),
        record("bad", [9.0, 1.0], Status.PRUNED, times=[3, 4]),
    ]
    assert forks(records, OBJECTIVES, TWO_FIRST, SEED) == [Fork("bad", "good", 2)]


def test_what_ended_otherwise_calls_for_no_copy() -> None:
    good = record("good", [0.0, 5.0])
    between = record("between", [0.0, 1.0, 0.0], Status.PRUNED, times=[3, 4, 5])
    assert forks([good, between], OBJECTIVES, TWO_FIRST, SEED) == []  # at no boundary
    for status in (Status.RUNNING, Status.FAILED, Status.COMPLETED):
        other = record("other", [0.0, 1.0], status, times=[3, 4])
        assert forks([good, other], OBJECTIVES, TWO_FIRST, SEED) == []


@given(searches([PBT]), st.data())
def test_forks_are_what_was_lived_and_later_reports_change_none(
    search: Lived, data: st.DataObject
) -> None:
    reports = len(search.reports)

    def derived(upto: int) -> list[Fork]:
        records = search.left_behind(upto, noted=upto)
        return forks(records, search.objectives, PBT, SEED)

    every = derived(reports)
    assert [int(fork.stopped) for fork in every] == list(search.seen.stopped)
    lived = [search.copies[child] for child in sorted(search.copies)]
    assert [(int(fork.donor), fork.epoch) for fork in every][: len(lived)] == lived
    early = derived(data.draw(st.integers(0, reports)))
    assert early == every[: len(early)]


# ---------------------------------------------------------------- what


def test_every_value_moves_but_a_weight_of_zero() -> None:
    values = {
        "training.optimizer.learning_rate": 1e-3,
        "mutual.weight.a": 2.0,
        "mutual.weight.b": 0,
    }
    seen = {tuple(moved(values, (SEED, number)).values()) for number in range(60)}
    rates, weights = (1e-3 * 0.8, 1e-3 * 1.25), (2.0 * 0.8, 2.0 * 1.25)
    assert seen == {(rate, weight, 0) for rate in rates for weight in weights}
    assert moved(values, (1, 2)) == moved(values, (1, 2))


def test_moves_never_repeat_themselves() -> None:
    first = list(islice(moves({"a": 1.0}, (0,)), 6))
    assert sorted(one["a"] for one in first) == pytest.approx(
        [0.8**3, 0.8**2, 0.8, 1.25, 1.25**2, 1.25**3]
    )
    assert {one["a"] for one in first[:2]} == {0.8, 1.25}  # the nearest come first


@pytest.fixture
def donor(tiny: Callable[..., TrialConfig]) -> TrialConfig:
    config = tiny(
        ("segmentation", "depth"),
        training={"epochs": 12},
        mutual={"weight": {"segmentation": 0.5, "depth": 0.0}},
    )
    first = Change(epoch=2, learning_rate=0.5, mimicry={Task.SEGMENTATION: 4.0, Task.DEPTH: 0.0})
    return replace(config, changes=(first,))


def test_a_copy_goes_on_from_what_its_donor_had(donor: TrialConfig) -> None:
    child = child_config(donor, 4, (SEED, 9))
    assert child.changes[0] == donor.changes[0]
    last = child.changes[1]
    assert last.epoch == 4
    assert last.learning_rate in (0.5 * 0.8, 0.5 * 1.25)
    assert last.mimicry is not None
    assert last.mimicry[Task.SEGMENTATION] in (4.0 * 0.8, 4.0 * 1.25)
    assert last.mimicry[Task.DEPTH] == 0
    assert replace(child, changes=()) == canonical(replace(donor, changes=()))
    copy = replace(record("copy", []), config=plain(child))
    assert member_of(copy).since == 4


def test_copies_of_one_donor_differ(donor: TrialConfig) -> None:
    known = {config_id(donor)}
    for number in range(20):
        known.add(config_id(child_config(donor, 4, (SEED, number), known)))
    assert len(known) == 21


@pytest.mark.parametrize(
    "mutual", [None, {"weight": 0.0}, {"weight": 1.0, "fusion": "convex"}, {"weight": 0.5}]
)
def test_copies_are_canonical_and_allowed(
    tiny: Callable[..., TrialConfig], mutual: dict[str, object] | None
) -> None:
    child = tiny(("segmentation", "depth"), training={"epochs": 12}, mutual=mutual)
    known: set[str] = set()
    for epoch in (2, 4, 6):
        for number in range(3):
            child = child_config(child, epoch, (SEED, number), known)
            known.add(config_id(child))
            assert load_trial(plain(child)) == child
        assert member_of(replace(record("copy", []), config=plain(child))).since == epoch
