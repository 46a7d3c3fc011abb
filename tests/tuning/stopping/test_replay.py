"""What a restarted driver tells its rule."""

from dataclasses import replace

from lived import ASHA, record

from mdml_tune.records import EpochReport, Phase, Status
from mdml_tune.tuning.stopping.build import build_rule
from mdml_tune.tuning.stopping.replay import replay, told
from mdml_tune.tuning.stopping.rule import member_of

OBJECTIVES = ["val/delta_m"]


def test_a_stop_that_the_driver_did_not_live_to_note_is_made_up_for() -> None:
    good, bad = record("good", [2.0]), record("bad", [1.0], times=[9])
    assert replay(build_rule(ASHA, 8, 0), [good, bad], OBJECTIVES) == ["bad"]
    ended = replace(bad, status=Status.PRUNED)
    assert replay(build_rule(ASHA, 8, 0), [good, ended], OBJECTIVES) == []


def test_who_was_seen_to_go_on_goes_on() -> None:
    """Two reports of one millisecond were judged in the other order than they stand in."""
    first, second = record("a", [2.0], times=[5]), record("b", [1.0, 1.0], times=[5, 6])
    assert replay(build_rule(ASHA, 8, 0), [first, second], OBJECTIVES) == []
    at_the_rung = replace(second, history=second.history[:1])
    assert replay(build_rule(ASHA, 8, 0), [first, at_the_rung], OBJECTIVES) == ["b"]


def test_reports_are_told_in_the_order_of_their_births() -> None:
    records = [record("b", [1.0, 2.0], times=[1, 4]), record("a", [3.0, 4.0], times=[1, 3])]
    order = [
        (member.key, report.epoch, values) for member, report, values in told(records, OBJECTIVES)
    ]
    assert order == [("a", 1, (3.0,)), ("b", 1, (1.0,)), ("a", 2, (4.0,)), ("b", 2, (2.0,))]


def test_a_clock_that_was_set_back_does_not_mix_up_epochs() -> None:
    records = [record("a", [1.0, 2.0, 3.0], times=[9, 2, 3]), record("b", [1.0], times=[5])]
    order = [(member.key, report.epoch) for member, report, _ in told(records, OBJECTIVES)]
    assert order == [("b", 1), ("a", 1), ("a", 2), ("a", 3)]


def test_further_seeds_and_confirmations_are_not_told() -> None:
    first = record("first", [1.0])
    others = [
        replace(first, trial_key="seed", seed=1),
        replace(first, trial_key="confirm", phase=Phase.CONFIRM),
    ]
    assert [m.key for m, *_ in told([first, *others], OBJECTIVES)] == ["first"]


def test_a_report_that_lacks_an_objective_is_left_out() -> None:
    there = EpochReport(2, 2, {"val/delta_m": 1.0, "val/delta_m/depth": 3.0})
    one = replace(record("one", [1.0]), history=(record("one", [1.0]).history[0], there))
    seen = [(r.epoch, values) for _, r, values in told([one], [*OBJECTIVES, "val/delta_m/depth"])]
    assert seen == [(2, (1.0, 3.0))]


def test_a_copy_counts_from_its_last_change() -> None:
    copy = replace(record("copy", []), number=3, config={"changes": [{"epoch": 5}, {"epoch": 10}]})
    assert (member_of(copy).number, member_of(copy).since) == (3, 10)
    assert member_of(record("anew", [])).since == 0
