"""Who stands before whom, and with which scores."""

import math
from dataclasses import replace

import pytest
import synthetic
from synthetic import confirmed, searched, study

from mdml_tune.analysis.ranking import Group, rank, searched_rows
from mdml_tune.analysis.reference import reference
from mdml_tune.errors import ReportError
from mdml_tune.records import EpochReport, Phase, Status, TrialRecord
from mdml_tune.tasks import Task


def with_nan(trial: TrialRecord) -> TrialRecord:
    last = trial.history[-1]
    broken = EpochReport(
        last.epoch, last.timestamp_ms, {**last.metrics, "val/depth/abs_err": math.nan}
    )
    return replace(trial, history=(*trial.history[:-1], broken))


def test_order_of_groups_then_delta_m_then_id() -> None:
    found = rank(
        study(
            searched("c9", 0, status=Status.RUNNING, epochs=1),
            searched("c8", 0, status=Status.FAILED, failure="diverged"),
            searched("c7", 9, status=Status.PRUNED, epochs=1),
            searched("c5", 2),
            searched("c4", 2),
            searched("c6", 8),
            searched("c1", 1),
            searched("c2", 3),
            *(confirmed("c1", 1.0, seed) for seed in (1000, 1001)),
            *(confirmed("c2", 1.5, seed) for seed in (1000, 1001)),
        )
    )
    assert [row.config_id for row in found] == ["c2", "c1", "c6", "c4", "c5", "c7", "c8", "c9"]
    assert [row.rank for row in found] == list(range(1, 9))
    assert [row.split for row in found] == ["test"] * 2 + ["val"] * 6
    assert [row.tier for row in found] == [1, 2] + [None] * 6
    failed = found[6]
    assert (failed.status, failed.delta_m, failed.interval) == (Status.FAILED, None, None)
    assert found[5].status is Status.PRUNED
    assert found[5].delta_m == pytest.approx(9)


def test_confirmed_row_is_a_mean_over_its_confirming_seeds() -> None:
    trials = [confirmed("c1", gain, seed) for seed, gain in ((1000, 2.0), (1001, 4.0))]
    (row,) = rank(study(searched("c1", 9.0), *trials))
    assert (row.phase, row.split, row.seeds, row.status) == (
        Phase.CONFIRM, "test", 2, Status.COMPLETED,
    )  # fmt: skip
    assert row.delta_m == pytest.approx(3.0)
    assert row.delta_m_drop == pytest.approx(-3.0)
    assert row.gains[Task.DEPTH] == pytest.approx(3.0)
    assert row.std["segmentation/miou"] == pytest.approx(0.40 * 0.02 / 2**0.5)
    assert row.interval is not None
    assert len(row.trials) == 3


def test_phases_can_be_ranked_alone() -> None:
    found = study(searched("c1", 9.0), confirmed("c1", 2.0, 1000))
    assert [row.delta_m for row in rank(found, Phase.SEARCH)] == pytest.approx([9.0])
    assert [row.delta_m for row in rank(found, Phase.CONFIRM)] == pytest.approx([2.0])


def test_several_search_seeds_are_averaged() -> None:
    (row,) = rank(study(searched("c1", 2.0, seed=0), searched("c1", 4.0, seed=1)))
    assert (row.delta_m, row.seeds, row.tier) == (pytest.approx(3.0), 2, None)


def test_one_confirming_seed_has_no_tier_and_no_interval() -> None:
    (row,) = rank(study(confirmed("c1", 2.0, 1000)))
    assert (row.tier, row.p_best, row.interval) == (None, None, None)
    assert row.group is Group.CONFIRMED


def test_unequal_seeds() -> None:
    found = rank(
        study(
            *(confirmed("c1", 3.0 + seed % 2, seed) for seed in (1000, 1001, 1002)),
            *(confirmed("c2", 1.1 + seed % 2, seed) for seed in (1000, 1001)),
            confirmed("c2", 0.0, 1002, status=Status.FAILED, failure="diverged"),
        )
    )
    assert [(row.config_id, row.seeds, row.tier) for row in found] == [("c1", 3, 1), ("c2", 2, 2)]


def test_confirmation_that_is_not_done_leaves_the_search_to_speak() -> None:
    waiting = confirmed("c1", 0.0, 1000, status=Status.RUNNING)
    (row,) = rank(study(searched("c1", 5.0), waiting))
    assert (row.phase, row.delta_m) == (Phase.SEARCH, pytest.approx(5.0))


def test_failed_confirmation_is_a_failure() -> None:
    lost = confirmed("c1", 0.0, 1000, status=Status.FAILED, failure="out of memory")
    (row,) = rank(study(searched("c1", 5.0), lost))
    assert (row.phase, row.status, row.delta_m) == (Phase.CONFIRM, Status.FAILED, None)


def test_scores_that_are_no_numbers_count_as_failed() -> None:
    found = rank(study(with_nan(searched("c1", 5.0)), searched("c2", -5.0)))
    assert [row.config_id for row in found] == ["c2", "c1"]
    assert (found[1].status, found[1].group, found[1].delta_m) == (
        Status.COMPLETED, Group.FAILED, None,
    )  # fmt: skip


def test_study_without_trials_or_without_scores() -> None:
    assert rank(study()) == []
    assert rank(study(references=())) == []
    (row,) = rank(study(searched("c1", 0, status=Status.FAILED, epochs=0), references=()))
    assert row.delta_m is None


def test_missing_baseline_names_the_task_and_the_remedy() -> None:
    lacking = [b for b in synthetic.baselines() if b.method != "depth"]
    with pytest.raises(
        ReportError, match=r"'depth' with scores on val .* mdml-tune search trains them"
    ):
        rank(study(searched("c1", 1.0), references=lacking))


def test_baselines_need_test_scores_for_the_test_split() -> None:
    untested = study(confirmed("c1", 1.0, 1000), references=synthetic.baselines(tested=False))
    with pytest.raises(ReportError, match="'segmentation' with scores on test"):
        rank(untested)


def test_reference_is_the_seed_mean() -> None:
    found = reference(study(references=synthetic.baselines(factors=(0.9, 1.0, 1.4))), "val")
    assert found.mean["depth/abs_err"] == pytest.approx(0.60 * 1.1)
    assert len(found.of_seeds[Task.DEPTH]) == 3


def test_the_search_is_judged_again_only_where_it_was_confirmed() -> None:
    of = synthetic.rich_study(count=30, epochs=3)
    assert searched_rows(of, rank(of)) == rank(of, Phase.SEARCH)


def test_a_lucky_seed_stands_behind_what_has_more() -> None:
    of = study(
        searched("c1", 9.0),
        *(searched("c2", 2.0, seed=seed) for seed in (0, 1, 2)),
        confirmed("c3", 8.0, 1000),
        confirmed("c3", 8.0, 1001, status=Status.FAILED, failure="crash"),
        *(confirmed("c4", 1.0, seed) for seed in (1000, 1001)),
    )
    assert [row.config_id for row in rank(of)] == ["c4", "c3", "c2", "c1"]
