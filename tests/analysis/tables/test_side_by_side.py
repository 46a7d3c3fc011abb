"""Several studies: one table where they can be compared, and reasons where they cannot."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from synthetic import SINGLE, baselines, confirmed, searched, study

from mdml_tune.analysis.tables.differences import differences
from mdml_tune.analysis.tables.notation import to_csv
from mdml_tune.analysis.tables.paper import delta_m_text
from mdml_tune.analysis.tables.side_by_side import side_by_side
from mdml_tune.errors import ConfigError, ReportError
from mdml_tune.records import StudyRecord, TrialRecord
from mdml_tune.tasks import Task


def one(name: str, gain: float, **about: str) -> StudyRecord:
    return study(*(confirmed("c1", gain, seed) for seed in (1, 2)), name=name, about=about)


def trained(
    settings: Mapping[str, object] | None = None, *, mark: str = "", seeds: int = 3
) -> tuple[TrialRecord, ...]:
    """Baselines of another recipe, or otherwise not the same."""
    return tuple(
        replace(b, trial_key=b.trial_key + mark, config=settings or {})
        for b in baselines()
        if b.seed < seeds
    )


def test_with_the_same_single_task_networks_there_is_one_table() -> None:
    (table,) = side_by_side([one("a", 2.0), one("b", 5.0), one("c", 3.0)])
    assert table.studies == ("a", "b", "c")
    text = delta_m_text(table)
    assert [row[0].text for row in text.rows] == ["single-task", "a: c1", "b: c1", "c: c1"]
    column = text.header.index("Δm gain ↑ [%]")
    assert [row[column].best for row in text.rows] == [False, False, True, False]
    assert [row[column].second for row in text.rows] == [False, False, False, True]
    assert text.caption.startswith("a, b, c, test split.")
    lines = to_csv(table).splitlines()
    assert [line.split(",")[:2] for line in lines[2:]] == [["c1", "a"], ["c1", "b"], ["c1", "c"]]
    assert lines[1].startswith('single-task,"a, b, c",')


def test_of_one_study_the_labels_are_its_own() -> None:
    (table,) = side_by_side([one("a", 2.0)])
    assert delta_m_text(table).rows[1][0].text == "c1"


def test_other_single_task_networks_are_another_table() -> None:
    other = replace(one("b", 5.0), baselines=trained(mark="x"))
    first, second, *_ = side_by_side([one("a", 2.0), other, one("c", 3.0)])
    assert (first.studies, second.studies) == (("a", "c"), ("b",))
    assert first.notes == ()
    assert second.notes == (
        "Not in one table with 'a': other single-task networks (trained by another version of the "
        "code).",
    )
    assert second.notes[0] in delta_m_text(second).caption


def test_marks_never_cross_tables() -> None:
    other = replace(one("b", 5.0), baselines=trained(mark="x"))
    for table in side_by_side([one("a", 2.0), other]):
        text = delta_m_text(table)
        assert [row[1].best for row in text.rows] == [False, True]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (
            {"baselines": trained(mark="x", seeds=2)},
            "other single-task networks (seeds 0, 1 instead of 0, 1, 2)",
        ),
        (
            {"baselines": trained({"network": {"width": 8}}, mark="x")},
            "other single-task networks (network.width 8 instead of none)",
        ),
        (
            {"baselines": trained(dict.fromkeys("abcde", 1), mark="x")},
            "other single-task networks (a 1 instead of none, b 1 instead of none, c 1 instead of "
            "none, and 2 more)",
        ),
        ({"about": {"data_digest": "d2"}}, "other data (digest d2 instead of d1)"),
        (
            {
                "about": {"data_digest": "d2"},
                "baselines": trained({"data": {"train_size": 24}}, mark="x"),
            },
            "other data (data.train_size 24 instead of none)",
        ),
        ({"tasks": (Task.DEPTH,)}, "tasks depth instead of segmentation, depth, normals"),
    ],
)
def test_every_difference_is_named(other: dict[str, object], said: str) -> None:
    a = one("a", 1.0, data_digest="d1")
    b = replace(one("b", 1.0, data_digest="d1"), **other)
    assert differences(b, a, "test", "test") == [said]


def test_val_and_test_are_never_mixed() -> None:
    found = study(searched("c1", 1.0), name="b")
    first, second = side_by_side([one("a", 2.0), found])
    assert (first.split, second.split) == ("test", "val")
    assert second.notes == ("Not in one table with 'a': scores on val instead of test.",)


def test_the_order_of_tasks_is_no_difference() -> None:
    turned = replace(one("b", 5.0), tasks=(Task.NORMALS, Task.DEPTH, Task.SEGMENTATION))
    (table,) = side_by_side([one("a", 2.0), turned])
    assert table.rows[2].mean["delta_m"] == pytest.approx(5.0)
    assert table.metrics[0].path == "segmentation/miou"


def test_a_study_without_results_is_named() -> None:
    with pytest.raises(ReportError, match="Study 'b' has no trial that ended well yet"):
        side_by_side([one("a", 2.0), study(name="b")])


def test_published_rows_must_fit_every_study() -> None:
    fits = replace(one("a", 2.0), study={"trial": {"data": {"dataset": "nyuv2"}}})
    rooms = replace(one("b", 2.0), study={"trial": {"data": {"dataset": "rooms"}}})
    (table,) = side_by_side([fits], ["nyuv2-segnet", "nyuv2-resnet50"])
    assert [quoted.name for quoted in table.quoted] == ["nyuv2-segnet", "nyuv2-resnet50"]
    assert table.rows[0].mean["segmentation/miou"] == pytest.approx(SINGLE["segmentation/miou"])
    with pytest.raises(ReportError, match="study 'b' is of data set rooms"):
        side_by_side([fits, rooms], ["nyuv2-segnet"])
    with pytest.raises(ConfigError, match="there is no such table"):
        side_by_side([fits], ["nyuv3"])
