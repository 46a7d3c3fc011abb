"""The configurations that no other one beats in every task."""

from dataclasses import replace

import pytest
import synthetic
from synthetic import confirmed, searched, study

from mdml_tune.analysis.pareto import pareto_front, searched_front
from mdml_tune.analysis.tables.leaderboard import front_text, leaderboard
from mdml_tune.records import Phase, Status, StudyRecord, TrialRecord
from mdml_tune.tasks import Task

TASKS = (Task.SEGMENTATION, Task.DEPTH)


def with_gains(trial: TrialRecord, segmentation: float, depth: float) -> TrialRecord:
    final = synthetic.scores(segmentation, (Task.SEGMENTATION,)) | synthetic.scores(
        depth, (Task.DEPTH,)
    )
    history = synthetic.history(final, (segmentation + depth) / 2)
    return replace(trial, history=history, test=None if trial.test is None else final)


def of_two_tasks(*trials: TrialRecord) -> StudyRecord:
    return replace(study(*trials), tasks=TASKS, baselines=synthetic.baselines(TASKS))


def test_front_of_the_search_by_gain_of_each_task() -> None:
    found = pareto_front(
        of_two_tasks(
            with_gains(searched("c1", 0), 6, 1),
            with_gains(searched("c2", 0), 1, 4),
            with_gains(searched("c3", 0), 0.5, 3),  # c2 beats it
            with_gains(searched("c4", 0), 20, -1),  # on the front, at depth's expense
            with_gains(searched("c5", 0, status=Status.PRUNED), 30, 30),
            searched("c6", 0, status=Status.FAILED, failure="diverged"),
        )
    )
    assert [row.config_id for row in found.rows] == ["c4", "c1", "c2"]
    assert [row.config_id for row in found.beaten] == ["c3"]
    assert found.objectives == ("delta_m/segmentation", "delta_m/depth")
    assert found.split == "val"
    # Against single-task networks: 6 x 1 and above it 1 x 3; what loses in a task adds nothing.
    assert found.hypervolume == pytest.approx(9.0)


def test_front_of_the_confirmed_is_on_test() -> None:
    record = of_two_tasks(
        with_gains(searched("c1", 0), 6, 1),
        with_gains(searched("c2", 0), 1, 4),
        *(with_gains(confirmed("c1", 0, seed), 2, 2) for seed in (1000, 1001)),
        *(with_gains(confirmed("c2", 0, seed), 1, 1) for seed in (1000, 1001)),
    )
    found = pareto_front(record, Phase.CONFIRM)
    assert [row.config_id for row in found.rows] == ["c1"]
    assert (found.split, found.hypervolume) == ("test", pytest.approx(4.0))


def test_without_anything_of_full_length_the_front_is_empty() -> None:
    found = pareto_front(of_two_tasks(searched("c1", 0, status=Status.RUNNING)))
    assert (found.rows, found.beaten, found.hypervolume) == ((), (), 0.0)


def test_the_front_of_a_study_is_that_of_its_objectives() -> None:
    record = of_two_tasks(
        with_gains(searched("c1", 0), 6, 1),
        with_gains(searched("c2", 0), 1, 4),
        with_gains(searched("c3", 0), 0.5, 3),
    )
    assert searched_front(record) is None  # one objective has no front
    assert searched_front(replace(record, study={"search": {"objective": "delta_m"}})) is None
    both = ["delta_m/segmentation", "delta_m/depth"]
    found = searched_front(replace(record, study={"search": {"objective": both}}))
    assert found is not None
    assert "Pareto front of delta_m/segmentation, delta_m/depth on val: c1, c2; " in front_text(
        found
    )
    table = leaderboard((*found.rows, *found.beaten), 10, found)
    assert [row[2].text for row in table.rows] == ["c1 ◆", "c2 ◆", "c3"]
    of_mean = searched_front(replace(record, study={"search": {"objective": ["delta_m", both[1]]}}))
    assert of_mean is not None
    assert [row.config_id for row in of_mean.rows] == ["c1", "c2"]
