"""Laws that every rule obeys, whatever the curves, the width of the search and the objectives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lived import EVERY_RULE, PBT, SEED, Lived, searches, told

from mdml_tune.spaces.plan import Stopping
from mdml_tune.tuning.stopping.build import build_rule
from mdml_tune.tuning.stopping.replay import replay


@given(searches(), st.data())
def test_after_a_kill_at_any_report_the_same_trials_are_stopped(
    search: Lived, data: st.DataObject
) -> None:
    reports = search.reports
    kill = data.draw(st.integers(1, len(reports)))
    # The last report is on the disk; what the driver made of it is not.
    records = search.left_behind(kill, noted=kill - 1)
    rule = search.rule()
    member, *_, stopped = reports[kill - 1]
    assert replay(rule, records, search.objectives) == ([member.key] if stopped else [])
    later = [rule.judge(member, epoch, values) for member, epoch, values, _ in reports[kill:]]
    assert later == [stopped for *_, stopped in reports[kill:]]


@given(searches(), st.data())
def test_an_epoch_done_again_changes_nothing(search: Lived, data: st.DataObject) -> None:
    rule = search.rule()
    reports = search.reports
    for i, (member, epoch, values, stopped) in enumerate(reports):
        assert rule.judge(member, epoch, values) == stopped
        again, epoch_again, values_again, _ = reports[data.draw(st.integers(0, i))]
        assert not rule.judge(again, epoch_again, values_again)


@given(searches())
def test_nobody_is_stopped_at_the_last_epoch(search: Lived) -> None:
    assert all(epoch < search.epochs for _, epoch, _, stopped in search.reports if stopped)


@given(searches([rule for rule in EVERY_RULE if rule is not PBT]))
def test_the_first_to_come_anywhere_goes_on(search: Lived) -> None:
    been: set[int] = set()
    for _, epoch, _, stopped in search.reports:
        assert epoch in been or not stopped
        been.add(epoch)


@pytest.mark.parametrize("config", EVERY_RULE)
def test_equals_go_on(config: Stopping | None) -> None:
    rule = build_rule(config, 9, SEED)
    assert not any(told(rule, number, epoch, 1.0) for number in range(9) for epoch in range(1, 10))


@pytest.mark.parametrize("config", [rule for rule in EVERY_RULE if rule is not None])
def test_the_worst_of_many_is_stopped(config: Stopping) -> None:
    rule = build_rule(config, 9, SEED)
    for number in range(40):
        for epoch in range(1, 10):
            assert not told(rule, number, epoch, 1.0 + number)
    assert any(told(rule, 40, epoch, 0.0) for epoch in range(1, 10))


@pytest.mark.parametrize("config", EVERY_RULE)
def test_who_comes_to_the_end_has_come_to_the_end(config: Stopping | None) -> None:
    """Also if nothing was heard of it before."""
    rule = build_rule(config, 9, SEED)
    for number in range(40):
        for epoch in range(1, 10):
            told(rule, number, epoch, 1.0)
    assert not any(told(rule, number, 9, 0.0) for number in range(40, 50))


def test_without_a_rule_all_run_to_their_end() -> None:
    rule = build_rule(None, 9, SEED)
    assert not any(told(rule, n, e, float(-n)) for n in range(9) for e in range(1, 10))
